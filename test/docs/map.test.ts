import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Folders that the map leaves out: what is in them is said by their names, or generated. */
const LEFT_OUT = [/^packages\/[^/]+\//, /^proto\/./];

function foldersOnTheMap(): string[] {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const [, block = ''] = /## The map\n\n```\n([\s\S]*?)```/.exec(text) ?? [];
  const trail: string[] = [];
  return block
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const [, indent = '', name = ''] = /^( *)(\S+)/.exec(line) ?? [];
      trail.length = indent.length / 2;
      trail.push(name);
      return name.endsWith('/') ? [trail.join('').slice(0, -1)] : [];
    });
}

function foldersInTheTree(): string[] {
  return ['lua', 'packages', 'proto', 'src'].flatMap((root) => [
    root,
    ...readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('node_modules'))
      .filter((path) => !LEFT_OUT.some((pattern) => pattern.test(path))),
  ]);
}

test('the map in ARCHITECTURE.md is the tree', () => {
  expect(foldersOnTheMap().sort()).toEqual(foldersInTheTree().sort());
});

const PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('PERFORMANCE'))
    .map((name) => join('docs', name)),
];

test.each(PAGES)('every file that %s names is there', (page) => {
  const text = readFileSync(page, 'utf8');
  const named = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|lua|md))`/g)].map(
    ([, path = '']) => path,
  );
  const exists = (path: string) =>
    ['', 'src', dirname(page)].some((at) => existsSync(join(at, path)));
  expect(named.filter((path) => !exists(path))).toEqual([]);
});
