import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** Where the audit trail's lines end up. */
export interface AuditSink {
  /** Resolves once the operating system has all of it. */
  write(chunk: string): Promise<void>;
  /** Opens the file anew. Rejects if that fails; what is written then still goes to the old one. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const OWNER_AND_GROUP = 0o640;

/** Appends to a file. Rejects, as the operating system says, if it cannot be opened for that. */
export async function openFileSink(path: string): Promise<AuditSink> {
  // Without O_NONBLOCK a named pipe that nobody reads would hold the start up instead of failing it.
  const openFile = () => open(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY, OWNER_AND_GROUP);
  let file = await openFile();
  return {
    write: (chunk) => writeAll(file, Buffer.from(chunk)),
    async reopen() {
      const old = file;
      file = await openFile();
      await old.close();
    },
    close: () => file.close(),
  };
}

/** In one call, unless the system takes less: what others append to the file stays out of a line. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

/** Writes to a stream that it does not own, such as standard output. */
export function streamSink(stream: Writable): AuditSink {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    reopen: async () => {},
    close: async () => {},
  };
}

/**
 * The same sink for several who write whole lines: one after the other, and after a write that failed
 * on a line of its own, because half a line may be there.
 */
export function lineSink(sink: AuditSink): AuditSink {
  let work: Promise<void> = Promise.resolve();
  let torn = false;
  const enqueue = (step: () => Promise<void>) => {
    const done = work.then(step);
    work = done.catch(() => {});
    return done;
  };
  return {
    write: (chunk) =>
      enqueue(async () => {
        const wasTorn = torn;
        torn = true;
        await sink.write(wasTorn ? `\n${chunk}` : chunk);
        torn = false;
      }),
    reopen: () => enqueue(() => sink.reopen()),
    close: () => enqueue(() => sink.close()),
  };
}

/** Whether it settles in time: what is written to may take nothing any more, and never say so. */
export async function settlesWithin(ms: number, work: Promise<void>): Promise<boolean> {
  const settled = new AbortController();
  const late = delay(ms, false, { signal: settled.signal }).catch(() => false);
  const isSettled = await Promise.race([work.then(() => true), late]);
  settled.abort();
  return isSettled;
}
