import { mask } from '../../telemetry/mask.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output/display-width.ts';
import { stylesFor } from '../output/output.ts';
import { explainFailure, type Failure } from './explain-failure.ts';

/** Prints a failure on stderr, `error: REASON: message` and what to do next; returns the exit code. */
export function reportFailure(cli: Cli, error: unknown, json: boolean): Failure['exitCode'] {
  const { exitCode, ...failure } = explainFailure(error);
  if (json) {
    cli.stderr.write(`${mask(JSON.stringify({ error: failure }))}\n`);
    return exitCode;
  }
  const { bad } = stylesFor(cli, cli.stderr);
  cli.stderr.write(
    `${bad('error:')} ${failure.reason}: ${printableLines(mask(failure.message.trim()))}\n`,
  );
  if (failure.next) cli.stderr.write(`${failure.next}\n`);
  return exitCode;
}

/** A configuration error lists its findings on lines of their own. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
