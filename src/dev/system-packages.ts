import { spawnSync } from 'node:child_process';
import { findExecutable } from './find-executable.ts';

/** Package names by package manager; a manager without an entry cannot install the thing. */
export interface SystemPackages {
  readonly 'apt-get'?: readonly string[];
  readonly dnf?: readonly string[];
  readonly apk?: readonly string[];
  readonly brew?: readonly string[];
}

type Manager = keyof SystemPackages;

const INSTALL: Record<Manager, { update?: readonly string[]; install: readonly string[] }> = {
  'apt-get': {
    update: ['-qq', 'update'],
    install: ['-qq', '-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends'],
  },
  dnf: { install: ['-q', '-y', 'install'] },
  apk: { install: ['-q', 'add', '--no-cache'] },
  brew: { install: ['install', '--quiet'] },
};

const TIMEOUT_MS = 15 * 60_000;
/** Repeated after sudo, which drops the environment. */
const FRONTEND = 'DEBIAN_FRONTEND=noninteractive';

/**
 * Installs with the system's package manager, as root or through a sudo that asks no password.
 * Returns undefined when all went well, else a sentence that says why not.
 */
export function installSystemPackages(packages: SystemPackages): string | undefined {
  const manager = (Object.keys(INSTALL) as Manager[]).find(
    (name) => packages[name]?.length && findExecutable(name),
  );
  if (!manager) return 'no supported package manager (apt-get, dnf, apk or brew) was found';
  const prefix = manager === 'brew' ? [] : asRoot();
  if (!prefix) return `${manager} needs root, and sudo is absent or asks for a password`;
  const { update, install } = INSTALL[manager];
  const names = packages[manager] ?? [];
  // A failed update is not final: the lists may be recent enough.
  if (update) run([...prefix, manager, ...update]);
  const failure = run([...prefix, manager, ...install, ...names]);
  if (!failure || names.length === 1) return failure;
  // One name that this release lacks must not keep the others out.
  const failures = names.map((name) => run([...prefix, manager, ...install, name]));
  return failures.find((each) => each !== undefined);
}

/** What to put before a command to run it as root, or undefined when that is impossible. */
function asRoot(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  if (!findExecutable('sudo')) return undefined;
  return spawnSync('sudo', ['-n', 'true']).status === 0
    ? ['sudo', '-n', 'env', FRONTEND]
    : undefined;
}

function run([command = '', ...args]: readonly string[]): string | undefined {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status === 0) return undefined;
  const detail = result.error?.message ?? result.stderr.trim().split('\n').slice(-3).join(' ');
  return `\`${[command, ...args].join(' ')}\` failed: ${detail}`;
}
