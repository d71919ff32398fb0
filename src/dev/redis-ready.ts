import type { ChildProcess } from 'node:child_process';
import { Redis } from 'ioredis';
import type { RedisTls } from './redis-config.ts';

const OUTPUT_KEPT_BYTES = 4_096;

export interface ReadyOptions {
  readonly url: string;
  readonly tls: RedisTls | undefined;
  readonly timeoutMs: number;
}

/** Waits until the server has loaded its data and answers PING; fails as soon as it exits. */
export async function waitUntilReady(
  child: ChildProcess,
  { url, tls, timeoutMs }: ReadyOptions,
): Promise<void> {
  const output = keepOutput(child);
  const failure = Promise.withResolvers<never>();
  const fail = (why: string) => failure.reject(new Error(`Redis ${why}.\n${output()}`.trim()));
  const onExit = (code: number | null) => fail(`exited with code ${code}`);
  const onError = (error: Error) => fail(`could not be started: ${error.message}`);
  child.once('exit', onExit).once('error', onError);
  const timer = setTimeout(() => fail(`was not ready in ${timeoutMs} ms`), timeoutMs);
  const probe = new Redis(url, {
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    ...(tls && { tls: { ca: tls.ca } }),
  });
  // Refused connections are expected until the server listens.
  probe.on('error', () => {});
  const ping = probe.ping();
  try {
    await Promise.race([ping, failure.promise]);
  } finally {
    clearTimeout(timer);
    child.off('exit', onExit).off('error', onError);
    // Disconnecting rejects a ping that is still waiting.
    ping.catch(() => {});
    probe.disconnect();
  }
}

/** Reads the pipes for as long as the server runs, or it would block on a full one. */
function keepOutput(child: ChildProcess): () => string {
  let output = '';
  const keep = (chunk: Buffer) => {
    output = `${output}${chunk}`.slice(-OUTPUT_KEPT_BYTES);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => output;
}
