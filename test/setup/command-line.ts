import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Cli } from '../../src/cli/cli.ts';
import { run } from '../../src/cli/run.ts';
import { startTestServer, type TestServer } from './server.ts';

export const ADA = ['--tenant', 'acme', '--user', 'ada'];

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Given {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandLine {
  readonly server: TestServer;
  /** A folder that is deleted in the end. */
  readonly dir: string;
  /** Runs a command line against the server, in this process. */
  signum(args: readonly string[], given?: Given): Promise<Ended>;
  /** What `issue --json` prints for a device of Ada's. */
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever was printed
  issueJson(device: string, ...more: string[]): Promise<any>;
}

/** The command line of a test file, and a server that it calls. */
export function commandLine(): CommandLine {
  let server: TestServer;
  let dir: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'signum-cli-'));
    server = await startTestServer({ SIGNUM_REFRESH_GRACE: '1s' });
  });
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function signum(
    args: readonly string[],
    { stdin = '', env = {} }: Given = {},
  ): Promise<Ended> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const cli: Cli = {
      env: {
        SIGNUM_ADDRESS: server.address,
        SIGNUM_CA_FILE: server.certificates.caFile,
        SIGNUM_API_KEY: server.adminKey,
        ...env,
      },
      stdin: Readable.from([Buffer.from(stdin)]),
      stdout,
      stderr,
      now: () => new Date(),
      exitCode: 0,
      isService: false,
    };
    const code = await run(cli, args);
    return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
  }

  async function issueJson(device: string, ...more: string[]) {
    const { stdout, stderr } = await signum([
      'issue',
      ...ADA,
      '--device',
      device,
      '--json',
      ...more,
    ]);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  return {
    get server() {
      return server;
    },
    get dir() {
      return dir;
    },
    signum,
    issueJson,
  };
}

function textOf(stream: PassThrough): string {
  const chunks: string[] = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(String(chunk));
  return chunks.join('');
}
