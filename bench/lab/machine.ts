import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release, cpus as systemCpus, totalmem } from 'node:os';
import { findExecutable } from '../../src/dev/find-executable.ts';
import type { Cpus } from './cpus.ts';
import { nginxPath } from './tools.ts';

/** What the figures were taken on. */
export interface Machine {
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly cpus: Cpus;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = ['@grpc/grpc-js', '@connectrpc/connect-node', 'ioredis', 'jose', 'oidc-provider'];

export function describeMachine(cpus: Cpus): Machine {
  const all = systemCpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpuCount: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    cpus,
    versions: {
      node: process.version,
      redis: version(findExecutable('redis-server', 'valkey-server'), '--version', /v=(\S+)/),
      nginx: version(nginxPath(), '-v', /nginx\/(\S+)/),
      wrk: version(findExecutable('wrk'), '--version', /wrk (\S+)/),
      h2load: version(findExecutable('h2load'), '--version', /nghttp2\/(\S+)/),
      ...Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    },
  };
}

function version(path: string | undefined, flag: string, form: RegExp): string {
  if (!path) return 'absent';
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' });
  return form.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

function packageVersion(name: string): string {
  try {
    const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return 'absent';
  }
}
