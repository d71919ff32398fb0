import type { Kind, Parsed, Raw } from './kind.ts';

export interface ListOptions {
  /** How many items at most; default 64. */
  readonly max?: number;
  /** What separates items in a text; default a comma. Lists in the file need no separator. */
  readonly separator?: RegExp;
  /** The allowed values of the list; default: those of an item. */
  readonly allowed?: string;
}

const DEFAULT_MAX = 64;

/** One a line as well, as in files; lines may be empty. */
export const LINES_OR_COMMAS = /\s*,\s*|\s*[\r\n]\s*/;

/** A list of values of another kind, none twice, and none that is empty. */
export function list<T>(item: Kind<T>, options: ListOptions = {}): Kind<readonly T[]> {
  const max = options.max ?? DEFAULT_MAX;
  return {
    name: `list of ${item.name}`,
    allowed:
      options.allowed ??
      `at most ${max}, comma separated${item.allowed && `; each ${item.allowed}`}`,
    secret: item.secret,
    parse: (raw) => parseItems(item, split(raw, options.separator ?? /,/), max),
    format: (values) => (item.secret ? '[redacted]' : values.map((v) => item.format(v)).join(',')),
  };
}

/** What stands between two separators is an item, empty as a rule because a variable is not set. */
function split(raw: Raw, separator: RegExp): readonly string[] {
  if (typeof raw !== 'string') return raw.map((text) => text.trim());
  return raw.trim() === ''
    ? []
    : raw
        .trim()
        .split(separator)
        .map((text) => text.trim());
}

function parseItems<T>(item: Kind<T>, items: readonly string[], max: number): Parsed<readonly T[]> {
  if (items.length > max) return { fault: `must hold at most ${max} items` };
  const values: T[] = [];
  const seen = new Set<string>();
  for (const [index, text] of items.entries()) {
    if (text === '') return { fault: `item ${index + 1} is empty` };
    const parsed = item.parse(text);
    if ('fault' in parsed) return { fault: `item ${index + 1} ${parsed.fault}` };
    const written = item.secret ? text : item.format(parsed.value);
    if (seen.has(written)) return { fault: `item ${index + 1} is there twice` };
    seen.add(written);
    values.push(parsed.value);
  }
  return { value: values };
}
