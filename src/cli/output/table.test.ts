import { expect, test } from 'vitest';
import { displayWidth, printable } from './display-width.ts';
import { fields, table } from './table.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS = [
  { title: 'Name', value: (row: Row) => row.name },
  { title: 'Count', value: (row: Row) => row.count, align: 'right' as const },
  { title: 'Last', value: () => 'x' },
];

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  const lines = table(COLUMNS, [
    { name: 'a', count: 5 },
    { name: 'longer', count: 1234 },
  ]);
  expect(lines).toEqual(['NAME    COUNT  LAST', 'a           5  x', 'longer   1234  x']);
});

test('wide and combining characters keep the columns aligned', () => {
  const rows = ['日本', 'e\u0301', '👩‍👩‍👧', 'ab'].map((name) => ({ name, count: 1 }));
  const starts = table(COLUMNS, rows).map((line) => displayWidth(line.slice(0, line.indexOf('1'))));
  expect(new Set(starts.slice(1)).size).toBe(1);
});

test('a style is put around the padded cell, so that colours take no columns', () => {
  const red = (text: string) => `<${text}>`;
  const [, line] = table(
    [{ title: 'Name', value: (row: Row) => row.name, style: () => red }, ...COLUMNS.slice(1)],
    [{ name: 'a', count: 1 }],
  );
  expect(line).toBe('<a   >      1  x');
});

test('fields align their values and leave out what is not there', () => {
  expect(
    fields([
      ['Token id', 'abc'],
      ['Label', undefined],
      ['Revision', 12n],
    ]),
  ).toEqual(['Token id  abc', 'Revision  12']);
});

test('what a client called its device cannot drive the terminal', () => {
  const [line] = fields([['Label', '\u001B]0;owned\u0007\u202Etxt.exe\n']]);
  expect(line).toBe('Label  \\u{1B}]0;owned\\u{7}\\u{202E}txt.exe\\u{A}');
  expect(printable('日本 é 👩‍👩‍👧')).toBe('日本 é 👩‍👩‍👧');
});
