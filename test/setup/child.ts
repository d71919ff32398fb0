import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a process ended: `[exit code, signal]`. */
export type End = readonly [code: number | null, signal: NodeJS.Signals | null];

/** A process whose output can be waited for. */
export interface Child {
  readonly process: ChildProcess;
  /** Settled when it is gone and its output has been read. */
  readonly ended: Promise<End>;
  /** Standard output and error so far, mixed. */
  output(): string;
  /** Resolves when the output holds the text; rejects if the process ends without it. */
  says(text: string): Promise<void>;
  /** Kills it, if it runs, and what it started in its process group. */
  destroy(): Promise<void>;
}

/** Starts a process in a group of its own, with an environment of exactly PATH and `env`. */
export function startChild(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: Pick<SpawnOptions, 'stdio' | 'cwd'> = {},
): Child {
  const { PATH = '' } = process.env;
  const child = spawn(file, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { PATH, ...env },
    detached: true,
  });
  let output = '';
  const read = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true;
    return [code, signal] as End;
  });
  return {
    process: child,
    ended,
    output: () => output,
    async says(text) {
      await until(`"${text}" is said`, () => output.includes(text) || isOver);
      if (!output.includes(text)) throw new Error(`ended without "${text}":\n${output}`);
    },
    async destroy() {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // Nothing of the group is left.
      }
      await ended;
    },
  };
}

/** `signum` with these arguments, from the sources. */
export function startSignum(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: Pick<SpawnOptions, 'stdio' | 'cwd'> = {},
): Child {
  return startChild(process.execPath, [MAIN, ...args], env, options);
}
