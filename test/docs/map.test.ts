import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('every file that ARCHITECTURE.md names is there', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const named = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|lua|md))`/g)].map(
    ([, path = '']) => path,
  );
  const exists = (path: string) => existsSync(path) || existsSync(join('src', path));
  expect(named.filter((path) => !exists(path))).toEqual([]);
  expect(named.length).toBeGreaterThan(0);
});
