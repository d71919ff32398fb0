import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every dependency has its line in ARCHITECTURE.md', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const section = text.slice(text.indexOf('## Dependencies'), text.indexOf('## Decisions'));
  const own = /^@signum\//;
  const named = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !own.test(name),
  );
  expect(named.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});
