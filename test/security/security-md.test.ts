import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const TEXT = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');
const NAMED = Array.from(TEXT.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g), ([, file, title]) => ({
  file: file ?? '',
  title: title ?? '',
}));

/** The lines of its tables of attacks. */
const ATTACKS = TEXT.slice(TEXT.indexOf('## Attacks and answers'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack |'));

test('SECURITY.md names a test for every attack', () => {
  expect(ATTACKS.length).toBeGreaterThan(30);
  expect(ATTACKS.filter((line) => !/`[^`]+\.test\.ts`: "[^"]+" \|$/.test(line))).toEqual([]);
});

test('every test that SECURITY.md names is there', () => {
  const absent = NAMED.filter(({ file, title }) => !hasTest(file, title));
  expect(absent).toEqual([]);
});

test('SECURITY.md names every file of security tests', () => {
  const folder = new URL('test/security/', ROOT);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && name !== 'security-md.test.ts')
    .map((name) => `test/security/${name}`);
  const named = new Set(NAMED.map(({ file }) => file));
  expect(files.filter((file) => !named.has(file))).toEqual([]);
});

/** Whether a file has a test of exactly that title. */
function hasTest(file: string, title: string): boolean {
  const source = readFileSync(new URL(file, ROOT), 'utf8');
  const spellings = [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`, `\`${title}\``];
  return spellings.some((spelling) => source.includes(`${spelling},`));
}
