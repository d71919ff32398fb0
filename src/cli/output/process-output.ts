import { setTimeout as delay } from 'node:timers/promises';
import type { Cli, Terminal } from '../cli.ts';
import { EXIT } from '../failure/exit.ts';

/** How long the last lines may take to leave, in milliseconds. */
const LAST_LINES_MS = 500;

/**
 * What becomes of the process when its output cannot be written. A service goes on: its clients do not
 * care who reads its log. Of a command, `signum sessions | head` has had all that was wanted; on a full
 * disk it has failed.
 */
export function onOutputLost(cli: Cli): void {
  cli.stderr.on('error', () => {});
  cli.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (cli.isService) return;
    if (code === 'EPIPE') process.exit(EXIT.ok);
    cli.stderr.write(`error: FAILED: standard output cannot be written (${code})\n`);
    process.exit(EXIT.other);
  });
}

/** Ends the process though its output may be stuck in a pipe that nobody reads. */
export async function leaveAfterOutput({ stdout, stderr }: Cli): Promise<never> {
  await Promise.race([Promise.all([stdout, stderr].map(written)), delay(LAST_LINES_MS)]);
  process.exit();
}

function written(stream: Terminal): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
