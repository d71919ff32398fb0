import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Cli } from '../../src/cli/cli.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { addGlobalOptions } from '../../src/cli/input/global-options.ts';

const PAGES = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Command lines of `signum` in code, a backslash at a line's end joining it to the next. */
const COMMAND_LINE = /(?<![\w/@.-])signum ((?:[a-z][a-z-]*)(?:[^\n`|;&#)]*))/g;

const program = new Command('signum');
addGlobalOptions(program);
for (const { load } of COMMANDS) (await load())(program, {} as Cli);

interface Mention {
  readonly page: string;
  readonly line: string;
}

function mentions(): Mention[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(page, 'utf8').replaceAll(/\\\n\s*/g, ' ');
    const code = [...text.matchAll(/```\w*\n([\s\S]*?)```|`([^`\n]+)`/g)];
    return code
      .flatMap(([, block, span]) => [...(block ?? span ?? '').matchAll(COMMAND_LINE)])
      .map(([, line = '']) => ({ page, line: line.trim() }));
  });
}

test.each(mentions())('$page: `signum $line` is a command with these options', ({ line }) => {
  const words = line.split(/\s+/);
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  expect(command, 'there is no such command').not.toBe(program);
  const known = [...program.options, ...command.options].map(({ long }) => long);
  const named = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
  expect(named.filter((option) => !known.includes(option) && option !== '--help')).toEqual([]);
});
