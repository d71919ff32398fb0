import type { Readable, Writable } from 'node:stream';

/** What a command may touch of the process it runs in. Passed in, so that tests can watch it. */
export interface Cli {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly now: () => Date;
  /** The exit code when the command ends without an error; 0 unless a command sets it. */
  exitCode: number;
  /** Whether the command runs until it is told to stop, whoever reads its output. */
  isService: boolean;
}

export type Terminal = Writable & { readonly isTTY?: boolean };
