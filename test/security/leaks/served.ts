import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** A server in a process of its own, with everything that it prints. */
export interface Served {
  readonly address: string;
  readonly grpcAddress: string;
  readonly opsAddress: string;
  readonly ca: string;
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  stop(): Promise<void>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Env = Readonly<Record<string, string>>;

/** Starts `signum serve` and waits until it listens. Rejects with its output if it ends first. */
export async function serve(env: Env, caFile: string): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const ended = endOf(child);
  const listening = Promise.withResolvers<void>();
  child.stderr.on('data', () => /Operations/.test(output.stderr()) && listening.resolve());
  await Promise.race([
    listening.promise,
    ended.then((code) => {
      throw new Error(`the server ended with ${code}: ${output.stderr()}`);
    }),
  ]);
  const find = (pattern: RegExp) => pattern.exec(output.stderr())?.[1] ?? '';
  return {
    address: find(/JWKS\s+(https:\S+)/),
    grpcAddress: find(/gRPC\s+(localhost:\d+)/),
    opsAddress: find(/Operations\s+(http:\S+)/),
    ca: readFileSync(caFile, 'utf8'),
    process: child,
    ...output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Runs one command line to its end. */
export async function signum(args: readonly string[], env: Env, stdin = ''): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = collect(child);
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const code = await endOf(child);
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

/** The command line of a process, as everybody on the machine can see it. */
export function argumentsOf(pid: number | undefined): string {
  const { stdout } = spawnSync('ps', ['-o', 'args=', '-ww', '-p', String(pid)], {
    encoding: 'utf8',
  });
  return stdout;
}

function collect(child: ChildProcess) {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  return { stdout: () => texts.stdout, stderr: () => texts.stderr };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}
