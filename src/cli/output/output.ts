import { type inspect, styleText } from 'node:util';
import type { JsonValue } from '@bufbuild/protobuf';
import type { Cli, Terminal } from '../cli.ts';
import type { Style } from './table.ts';

/** One answer in its two forms; only the one asked for is made. */
export interface Answer {
  /** For scripts: one JSON document. */
  readonly json: () => JsonValue;
  /** For people: lines. */
  readonly text: (styles: Styles) => readonly string[];
}

export interface Styles {
  readonly title: Style;
  readonly good: Style;
  readonly bad: Style;
  readonly warn: Style;
  readonly dim: Style;
}

/** Prints an answer on stdout, as JSON or as text. */
export function print(cli: Cli, options: { readonly json?: boolean }, answer: Answer): void {
  if (options.json) {
    cli.stdout.write(`${JSON.stringify(answer.json(), null, 2)}\n`);
    return;
  }
  for (const line of answer.text(stylesFor(cli, cli.stdout))) cli.stdout.write(`${line}\n`);
}

/** Prints a bare value, for capture by a shell. */
export function printValue(cli: Cli, value: string): void {
  cli.stdout.write(`${value}\n`);
}

/** Styles for a stream: none unless it is a terminal, and none when NO_COLOR is set to anything. */
export function stylesFor(cli: Pick<Cli, 'env'>, stream: Terminal): Styles {
  const colours = stream.isTTY === true && !cli.env['NO_COLOR'] && cli.env['TERM'] !== 'dumb';
  const style = (...format: (keyof typeof inspect.colors)[]): Style =>
    colours
      ? (text) =>
          styleText(format as Parameters<typeof styleText>[0], text, { validateStream: false })
      : (text) => text;
  return {
    title: style('bold'),
    good: style('green'),
    bad: style('red'),
    warn: style('yellow'),
    dim: style('dim'),
  };
}
