import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** Where the audit trail's lines end up. */
export interface AuditSink {
  /** Resolves once the operating system has all of it. */
  write(chunk: string): Promise<void>;
  /** Lets go of the file, so that the next write opens it anew. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const { O_APPEND, O_CREAT, O_WRONLY } = constants;
const OWNER_AND_GROUP = 0o640;

/** Appends to a file, so that several workers can share it without overwriting each other. */
export function fileSink(path: string): AuditSink {
  let file: FileHandle | undefined;
  const close = async () => {
    const closing = file;
    file = undefined;
    await closing?.close();
  };
  return {
    async write(chunk) {
      file ??= await open(path, O_APPEND | O_CREAT | O_WRONLY, OWNER_AND_GROUP);
      await file.appendFile(chunk);
    },
    reopen: close,
    close,
  };
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
