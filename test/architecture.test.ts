import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { areaOf, readSources, type SourceFile } from './setup/source-files.ts';

/**
 * Which areas of src each area may import, besides itself. An area is a folder, or a file that
 * lies in src itself. Whatever is absent here is refused.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  telemetry: ['domain'],
  store: ['domain', 'telemetry'],
  signing: ['domain', 'telemetry'],
  policy: ['domain'],
  callers: ['domain', 'telemetry', 'policy'],
  tokens: ['domain', 'telemetry', 'store', 'signing', 'policy', 'callers'],
  revocations: ['domain', 'store'],
  call: ['domain', 'telemetry', 'policy', 'callers', 'rpc'],
  gateway: ['domain', 'policy', 'callers', 'tokens', 'call'],
  rpc: [
    ...['domain', 'telemetry', 'signing', 'policy', 'callers', 'tokens', 'call', 'revocations'],
    'gateway',
  ],
  oauth: ['domain', 'telemetry', 'signing', 'policy', 'callers', 'tokens', 'call'],
  transport: ['domain', 'telemetry', 'policy', 'callers', 'tokens', 'call', 'rpc', 'oauth'],
  // The form of a Redis URL is the store's to say.
  config: ['domain', 'store'],
  dev: ['config'],
  server: [
    'revocations',
    ...['domain', 'telemetry', 'store', 'signing', 'policy', 'callers', 'tokens', 'call', 'rpc'],
    ...['oauth', 'gateway', 'transport', 'config'],
  ],
  cli: ['domain', 'telemetry', 'store', 'policy', 'config', 'dev', 'server'],
  main: ['config', 'cli'],
};

/** Areas that may read the environment; all others are passed what they need. */
const READS_ENVIRONMENT = ['config', 'dev'];

/** Who may say of a call that it has been admitted: the pipeline, and whoever authenticates. */
const ADMITS = ['call/unary-call.ts', 'call/stream-call.ts', 'server/parts/user-token.ts'];

const DRAWER_NAMES = /^(utils?|helpers?|common|misc|shared)$/;

const LARGEST_FILE_LINES = 350;
const MEDIAN_FILE_LINES = 100;

const sources = readSources();

test('an area imports only the areas it may depend on', () => {
  const refused = sources.flatMap((file) =>
    file.imports
      .filter((target) => areaOf(target) !== file.area)
      .filter((target) => !MAY_IMPORT[file.area]?.includes(areaOf(target)))
      .map((target) => `${file.path} imports ${target}`),
  );
  expect(refused).toEqual([]);
});

test('every area is in the table of allowed imports', () => {
  const unknown = sources.filter((file) => !(file.area in MAY_IMPORT)).map((file) => file.path);
  expect(unknown).toEqual([]);
});

test('no file imports itself by way of others', () => {
  expect(findCycle(sources)).toEqual([]);
});

test('only config.ts and src/dev read the environment', () => {
  const readers = sources
    .filter((file) => !READS_ENVIRONMENT.includes(file.area))
    .filter((file) =>
      /\bprocess\s*(\.|\[['"])env\b|\benv\b[^;]*from 'node:process'/.test(file.text),
    )
    .map((file) => file.path);
  expect(readers).toEqual([]);
});

test('only the pipeline lets calls in, and only policy says who may do what', () => {
  const others = sources.filter(({ area }) => area !== 'policy');
  const admits = others.filter(({ text }) => /\b(admitted|ownCall)\(/.test(text));
  expect(admits.map(({ path }) => path).sort()).toEqual([...ADMITS].sort());
  const decides = others.filter(({ text }) => /^import \{.*policy\/authorise\.ts'/m.test(text));
  expect(decides.map(({ path }) => path)).toEqual([]);
});

test('no file or folder is a drawer for unrelated things', () => {
  const drawers = sources.filter((file) =>
    file.path
      .replace(/\.ts$/, '')
      .split('/')
      .some((part) => DRAWER_NAMES.test(part)),
  );
  expect(drawers.map((file) => file.path)).toEqual([]);
});

test('what is exported is used elsewhere', () => {
  const everywhere = ['src', 'packages', 'test', 'bench', 'scripts', 'examples'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|js)$/.test(path) && !path.includes('node_modules'))
      .map((path) => join(root, path)),
  );
  const users = new Map<string, Set<string>>();
  for (const path of everywhere) {
    for (const [word] of readFileSync(path, 'utf8').matchAll(/\w+/g)) {
      users.set(word, (users.get(word) ?? new Set()).add(path));
    }
  }
  const unused = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm)]
      .filter(([, name = '']) => (users.get(name)?.size ?? 0) < 2)
      .map(([, name]) => `${path}: ${name}`),
  );
  expect(unused).toEqual([]);
});

test('files stay short', () => {
  const sizes = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  expect(sizes.filter(({ lines }) => lines > LARGEST_FILE_LINES)).toEqual([]);
  expect(sizes[Math.floor(sizes.length / 2)]?.lines).toBeLessThan(MEDIAN_FILE_LINES);
});

/** The files of one import cycle, or an empty list. */
function findCycle(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    const start = trail.indexOf(path);
    if (start >= 0) return [...trail.slice(start), path];
    if (done.has(path)) return [];
    done.add(path);
    for (const target of imports.get(path) ?? []) {
      const cycle = visit(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    return [];
  };
  for (const file of files) {
    const cycle = visit(file.path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
