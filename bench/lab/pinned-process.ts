import { type ChildProcess, spawn } from 'node:child_process';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { onCpus } from './cpus.ts';

/** How long a process may take until it serves. */
const READY_TIMEOUT_MS = 20_000;

export interface PinnedOptions {
  readonly cpus: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Resolves when the process serves; it is given what the process has printed so far. */
  readonly ready: (output: () => string) => Promise<boolean>;
}

export interface PinnedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  output(): string;
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>;
}

const OUTPUT_KEPT = 16_384;

/** Starts a server on given CPUs and waits until it serves. */
export async function startPinned(options: PinnedOptions): Promise<PinnedProcess> {
  const [file = '', ...args] = onCpus(options.cpus, [...dieWithParent(), ...options.argv]);
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let text = '';
  const keep = (chunk: Buffer) => {
    text = `${text}${chunk}`.slice(-OUTPUT_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', (error) => {
      text += error.message;
      done();
    });
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || !child.pid;
  const stop = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    if (!hasEnded()) child.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
  };
  const giveUpAtMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await options.ready(() => text))) {
    if (!hasEnded() && performance.now() < giveUpAtMs) {
      await new Promise((done) => setTimeout(done, 25));
      continue;
    }
    await stop();
    throw new Error(`${options.argv.join(' ')} did not start:\n${text.trim()}`);
  }
  return { pid: child.pid as number, child, output: () => text, stop };
}

/** Ready once it has printed a line that holds `ready`. */
export async function saysReady(output: () => string): Promise<boolean> {
  return /^ready\b/m.test(output());
}

/** On Linux the kernel ends the process when this one dies, however it dies. */
function dieWithParent(): readonly string[] {
  const setpriv = process.platform === 'linux' ? findExecutable('setpriv') : undefined;
  return setpriv ? [setpriv, '--pdeathsig', 'TERM'] : [];
}
