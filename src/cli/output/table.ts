import { displayWidth, printable } from './display-width.ts';

export type Style = (text: string) => string;

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | bigint;
  readonly align?: 'left' | 'right';
  /** How a cell of this column looks; applied after padding, so that colours take no columns. */
  readonly style?: (row: Row) => Style | undefined;
}

const GAP = '  ';

/** Rows under upper-case titles, columns as wide as their widest cell. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  titleStyle: Style = unstyled,
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(String(column.value(row)))));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((line) => displayWidth(line[index] ?? ''))),
  );
  const line = (texts: readonly string[], styleOf: (index: number) => Style | undefined) =>
    texts
      .map((text, index) => {
        const last = index === columns.length - 1;
        const padded = pad(text, widths[index] ?? 0, columns[index]?.align ?? 'left', last);
        return (styleOf(index) ?? unstyled)(padded);
      })
      .join(GAP);
  return [
    line(
      columns.map((column) => column.title.toUpperCase()),
      () => titleStyle,
    ),
    ...rows.map((row, index) => line(cells[index] ?? [], (at) => columns[at]?.style?.(row))),
  ];
}

/** One name and value a line, values aligned; a line whose value is undefined is left out. */
export function fields(
  entries: readonly (readonly [name: string, value: string | number | bigint | undefined])[],
  nameStyle: Style = unstyled,
): string[] {
  const shown = entries.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => {
    return `${nameStyle(pad(name, width, 'left', false))}${GAP}${printable(String(value))}`.trimEnd();
  });
}

function pad(text: string, width: number, align: 'left' | 'right', last: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  if (align === 'right') return space + text;
  return last ? text : text + space;
}

function unstyled(text: string): string {
  return text;
}
