import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningEdge {
  readonly edgeSocket: string;
  readonly edgeGrpcSocket: string;
  /** What it said when it started. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Runs `signum edge` at Unix sockets that gateways of every user may open; resolves when it listens. */
export async function startEdgeProcess(of: {
  readonly address: string;
  readonly caFile: string;
  readonly apiKey: string;
}): Promise<RunningEdge> {
  const dir = mkdtempSync(join(tmpdir(), 'signum-edge-'));
  chmodSync(dir, 0o755);
  const [edgeSocket, edgeGrpcSocket] = [join(dir, 'edge.sock'), join(dir, 'edge-grpc.sock')];
  const child = spawn(process.execPath, [MAIN, 'edge'], {
    stdio: ['ignore', 'inherit', 'pipe'],
    // Ctrl-C is for the example, which ends it.
    detached: true,
    env: {
      PATH: process.env['PATH'],
      SIGNUM_ADDRESS: of.address,
      SIGNUM_CA_FILE: of.caFile,
      SIGNUM_API_KEY: of.apiKey,
      SIGNUM_EDGE_LISTEN: `unix:${edgeSocket}`,
      SIGNUM_EDGE_GRPC_LISTEN: `unix:${edgeGrpcSocket}`,
      SIGNUM_EDGE_SOCKET_MODE: '0666',
      SIGNUM_LOG_LEVEL: 'warn',
    },
  });
  const said = await firstLines(child);
  child.stderr?.pipe(process.stderr);
  return {
    edgeSocket,
    edgeGrpcSocket,
    said,
    async stop() {
      if (child.exitCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Until it says whom it follows, which is the last that it says when it starts. */
async function firstLines({ stderr }: ChildProcess): Promise<readonly string[]> {
  const lines: string[] = [];
  if (stderr === null) return lines;
  const reader = createInterface({ input: stderr });
  for await (const line of reader) {
    lines.push(line);
    if (line.startsWith('Follows')) return lines;
  }
  throw new Error(`signum edge did not start:\n${lines.join('\n')}`);
}
