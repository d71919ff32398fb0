import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Where the programs are that the tests run; `toml` is run as it stands in the guide. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ts: 'test/oauth/javascript',
  python: 'test/oauth/python',
  go: 'test/oauth/go',
  java: 'test/oauth/java',
};

const guide = readFileSync('docs/guide/oauth-clients.md', 'utf8');
const blocks = [...guide.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
  .map(([, language = '', block = '']) => ({ language, lines: linesOf(block) }))
  .filter(({ language }) => language !== 'toml')
  .map((block) => ({ ...block, first: block.lines[0] }));

/** However they are broken and indented. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Whether all of the lines are there, in this order, with whatever between them. */
function holds(program: readonly string[], lines: readonly string[]): boolean {
  let at = 0;
  return lines.every((line) => {
    at = program.indexOf(line, at) + 1;
    return at > 0;
  });
}

test.each(blocks)('the guide’s $language from "$first" on is what the tests run', (block) => {
  const folder = PROGRAMS[block.language] ?? '';
  const programs = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(programs.some((program) => holds(linesOf(program), block.lines))).toBe(true);
});

test('the guide has lines for every language', () => {
  const languages = new Set(blocks.map(({ language }) => language));
  expect([...languages].sort()).toEqual(Object.keys(PROGRAMS).sort());
});
