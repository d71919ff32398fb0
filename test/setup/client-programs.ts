import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findExecutable } from '../../src/dev/find-executable.ts';
import { pythonWithPip, runTool } from './wheel.ts';

/** A program in test/oauth that uses stock clients of another language, of exact versions. */
export interface ClientProgram {
  /** Its folder in test/oauth. */
  readonly name: string;
  readonly needs: string;
  /** Brings libraries and whatever is compiled into a folder; returns why that failed, or undefined. */
  build(sources: string, folder: string): string | undefined;
  /** What starts it, from that folder. */
  argv(sources: string, folder: string): readonly string[];
}

const SOURCES = join(import.meta.dirname, '..', 'oauth');
/** Outside the repository, so that a fresh clone need not build again. */
const CACHE = join(homedir(), '.cache', 'signum-tools');
const BUILD_TIMEOUT_MS = 5 * 60_000;
/** Which interpreter the packages were fetched for. */
const INTERPRETER = 'interpreter';

export const PYTHON_CLIENTS: ClientProgram = {
  name: 'python',
  needs: 'python3 with pip',
  build(sources, folder) {
    const python = pythonWithPip();
    if (!python) return 'there is no python3 with pip';
    writeFileSync(join(folder, INTERPRETER), python);
    return runTool(python, [
      ...['-m', 'pip', '--disable-pip-version-check', '--quiet', 'install', '--no-deps'],
      ...['--only-binary', ':all:', '--retries', '1'],
      ...['--target', join(folder, 'packages'), '--requirement', join(sources, 'requirements.txt')],
    ]);
  },
  argv: (sources, folder) => [
    readFileSync(join(folder, INTERPRETER), 'utf8'),
    ...[join(sources, 'main.py'), join(folder, 'packages')],
  ],
};

export const GO_CLIENTS: ClientProgram = {
  name: 'go',
  needs: 'a Go compiler, 1.26 or later',
  build(sources, folder) {
    const go = findExecutable('go');
    if (!go) return 'there is no Go compiler';
    const output = ['-o', join(folder, 'clients')];
    return runTool(
      go,
      ['-C', sources, 'build', '-buildvcs=false', '-mod=readonly', ...output, '.'],
      BUILD_TIMEOUT_MS,
    );
  },
  argv: (_sources, folder) => [join(folder, 'clients')],
};

export const JAVA_CLIENTS: ClientProgram = {
  name: 'java',
  needs: 'javac, java 17 or later, and mvn',
  build(sources, folder) {
    const [mvn, javac] = [findExecutable('mvn'), findExecutable('javac')];
    if (!mvn || !javac) return 'there is no javac or no mvn';
    const files = readdirSync(sources).filter((file) => file.endsWith('.java'));
    const libraries = join(folder, 'libraries');
    return (
      runTool(
        mvn,
        [
          ...['--batch-mode', '--quiet', '--file', join(sources, 'pom.xml')],
          'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
          `-DoutputDirectory=${libraries}`,
        ],
        BUILD_TIMEOUT_MS,
      ) ??
      runTool(javac, [
        ...['-nowarn', '-cp', join(libraries, '*'), '-d', join(folder, 'classes')],
        ...files.map((file) => join(sources, file)),
      ])
    );
  },
  argv: (_sources, folder) => {
    const path = `${join(folder, 'classes')}:${join(folder, 'libraries', '*')}`;
    // Short-lived: what makes it start sooner is worth more than what makes it run faster.
    return ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', path, 'Main'];
  },
};

export const CLIENT_PROGRAMS: readonly ClientProgram[] = [PYTHON_CLIENTS, GO_CLIENTS, JAVA_CLIENTS];

/** What starts a program, or undefined where `buildClients` has not brought it. */
export function clientCommand(program: ClientProgram): readonly string[] | undefined {
  const folder = folderOf(program);
  return existsSync(folder) ? program.argv(sourcesOf(program), folder) : undefined;
}

/** Builds what is not in the cache yet; returns why that failed, or undefined. */
export function buildClients(program: ClientProgram): string | undefined {
  const folder = folderOf(program);
  if (existsSync(folder)) return undefined;
  mkdirSync(CACHE, { recursive: true });
  const staging = mkdtempSync(join(CACHE, '.build-'));
  try {
    const failure = program.build(sourcesOf(program), staging);
    // The folder gets its name only when all is in it.
    if (failure === undefined) renameSync(staging, folder);
    return failure;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function sourcesOf({ name }: ClientProgram): string {
  return join(SOURCES, name);
}

/** Named for what it was built from: other sources are another program. */
function folderOf(program: ClientProgram): string {
  const sources = sourcesOf(program);
  const files = readdirSync(sources, { withFileTypes: true }).filter((entry) => entry.isFile());
  const hash = createHash('sha256');
  for (const name of files.map((file) => file.name).sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(sources, name)));
  }
  return join(CACHE, `${program.name}-clients-${hash.digest('hex').slice(0, 16)}`);
}
