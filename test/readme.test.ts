import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { nextSteps } from '../src/cli/output/next-steps.ts';

const PAGES = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The commands of the tour in the README, one a line, without comments. */
function readmeTour(): string[] {
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

test('the tour in the README is the one that npm start prints, which another test pastes into a shell', () => {
  const printed = nextSteps({ address: 'https://localhost:8443', stateDir: '.signum' });
  const commands = printed.filter((line) => line !== '' && !line.startsWith('#'));
  // The README breaks a line that holds two commands.
  const oneCommandEach = commands.flatMap((line) => line.split('; echo "$OLD_REFRESH"'));
  expect(readmeTour().map(plain)).toEqual(oneCommandEach.map(rejoin).map(plain));
});

function rejoin(line: string): string {
  return line.startsWith(' |') ? `echo "$OLD_REFRESH"${line}` : line;
}

function plain(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

test.each(PAGES)('%s links to files that there are', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    ([, link]) => link ?? '',
  );
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
});
