import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configure, type Place } from './configure.ts';
import type { Gateway, Way } from './gateway.ts';

export interface RunningGateway {
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;
const POLL_MS = 25;

/** Starts a gateway with its example's configuration; resolves when it takes connections. */
export async function startGateway(
  gateway: Gateway,
  place: Place,
  way: Way,
): Promise<RunningGateway> {
  const executable = gateway.executable();
  if (executable === undefined) throw new Error(`${gateway.name} needs ${gateway.needs}`);
  const dir = mkdtempSync(join(tmpdir(), `signum-${gateway.name}-`));
  configure(gateway, dir, place, way);
  const child = spawn(executable, gateway.argv(dir), {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, to end with its workers.
    detached: true,
    env: { PATH: process.env['PATH'], HOME: dir, SIGNUM_API_KEY: place.apiKey },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  const exited = once(child, 'exit');
  const stop = async () => {
    end(child, 'SIGTERM');
    const impatient = setTimeout(() => end(child, 'SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(impatient);
    rmSync(dir, { recursive: true, force: true });
  };
  const endMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await takesConnections(place.port))) {
    if (child.exitCode !== null || performance.now() > endMs) {
      await stop();
      throw new Error(`${gateway.name} did not start:\n${said}`);
    }
    await sleep(POLL_MS);
  }
  return { stop };
}

function end({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
}

export function takesConnections(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
