import type { Command, Option } from 'commander';
import { invalidField } from '../../domain/errors.ts';

/**
 * Refuses the empty value that a shell makes of a variable that is not set: `--all-but ""` would end all
 * sessions. Refuses options given twice, too, of which the last would win, and one beside its contrary.
 */
export function checkArguments(command: Command, args: readonly string[]): void {
  for (const value of command.args) {
    if (value.trim() === '') throw invalidField(argumentName(command), 'must not be empty');
  }
  const options = optionsOf(command);
  const seen = new Set<string>();
  for (const { option, flag, value } of givenOptions(options, args)) {
    if (seen.has(flag) && !isRepeatable(option)) throw invalidField(flag, 'must be given once');
    const contrary = flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.slice(2)}`;
    if (seen.has(contrary)) throw invalidField(flag, `must not come together with ${contrary}`);
    seen.add(flag);
    if (option.required && value.trim() === '') throw invalidField(flag, 'must not be empty');
  }
}

interface GivenOption {
  readonly option: Option;
  readonly flag: string;
  /** Empty for an option that takes none. */
  readonly value: string;
}

function givenOptions(
  options: ReadonlyMap<string, Option>,
  args: readonly string[],
): readonly GivenOption[] {
  const given: GivenOption[] = [];
  for (let at = 0; at < args.length && args[at] !== '--'; at++) {
    const [flag = '', inline] = split(args[at] ?? '');
    const option = options.get(flag);
    if (option === undefined) continue;
    if (option.required && inline === undefined) at += 1;
    given.push({ option, flag, value: inline ?? args[at] ?? '' });
  }
  return given;
}

function optionsOf(command: Command): Map<string, Option> {
  const options = new Map<string, Option>();
  for (let each: Command | null = command; each !== null; each = each.parent) {
    for (const option of each.options) if (option.long) options.set(option.long, option);
  }
  return options;
}

/** `--option=value` is its flag and its value, `--option` a flag alone. */
function split(argument: string): [flag: string, value: string | undefined] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

/** Those that collect say so in their help. */
function isRepeatable({ description }: Option): boolean {
  return description.includes('repeatable');
}

function argumentName(command: Command): string {
  return command.registeredArguments[0]?.name().toUpperCase() ?? 'argument';
}
