import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findExecutable, isExecutable } from '../../src/dev/find-executable.ts';

/** A program that is built from source by a Go compiler, where there is one. */
export interface GoProgram {
  readonly name: string;
  /** Path of the command within its module. */
  readonly command: string;
  /** Exact: tests have to find what they were written against. */
  readonly version: string;
}

export const GRPCURL: GoProgram = {
  name: 'grpcurl',
  command: 'github.com/fullstorydev/grpcurl/cmd/grpcurl',
  version: 'v1.9.4',
};

export const OAUTH2_PROXY: GoProgram = {
  name: 'oauth2-proxy',
  command: 'github.com/oauth2-proxy/oauth2-proxy/v7',
  version: 'v7.15.6',
};

/** Outside the repository, so that a fresh clone need not build again. */
const CACHE = join(homedir(), '.cache', 'signum-tools');
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** Path of the program, or undefined where `buildProgram` has not brought it. */
export function goExecutable({ name, version }: GoProgram): string | undefined {
  const path = join(CACHE, `${name}-${version}`);
  return isExecutable(path) ? path : undefined;
}

/** Builds what is not in the cache yet; returns why that failed, or undefined. */
export function buildProgram(program: GoProgram): string | undefined {
  if (goExecutable(program)) return undefined;
  const go = findExecutable('go');
  if (!go) return 'there is no Go compiler';
  mkdirSync(CACHE, { recursive: true });
  const staging = mkdtempSync(join(CACHE, '.build-'));
  try {
    const { name, command, version } = program;
    const env = { ...process.env, GOBIN: staging };
    const options = { encoding: 'utf8', timeout: BUILD_TIMEOUT_MS, env } as const;
    const { status, error, stderr } = spawnSync(go, ['install', `${command}@${version}`], options);
    if (status !== 0) return error?.message ?? stderr.trim().split('\n').slice(-2).join(' ');
    renameSync(join(staging, name), join(CACHE, `${name}-${version}`));
    return undefined;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
