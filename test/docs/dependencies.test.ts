import { existsSync, readFileSync } from 'node:fs';
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

test('what is private of a dependency has an adapter and a test, and a pinned version', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const versions: Record<string, string> = {
    ...manifest.dependencies,
    ...manifest.devDependencies,
  };
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const rows = [
    ...text.matchAll(/^\| `([^`]+)` \| [^|]+ \| (`.+\.ts`.*) \| (`.+\.test\.ts`) \|$/gm),
  ];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, name = '', adapters = '', tests = ''] of rows) {
    expect(versions[name], name).toMatch(/^\d+\.\d+\.\d+$/);
    const files = [...`${adapters} ${tests}`.matchAll(/`([^`]+)`/g)].map(
      ([, path]) => `src/${path}`,
    );
    for (const path of files) expect(existsSync(path), path).toBe(true);
  }
});
