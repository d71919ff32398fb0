import { isIP } from 'node:net';
import type { DescField } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { isUuid } from '@signum/token';

/** Whether a value keeps its rules for certain; if not, it may keep them all the same. */
export type Surely = (value: never) => boolean;

export const always: Surely = () => true;
export const never: Surely = () => false;

/** All of them. */
export function allOf(checks: readonly Surely[]): Surely {
  const all = checks.filter((check) => check !== always);
  if (all.includes(never)) return never;
  const [first = always, second] = all;
  if (second === undefined) return first;
  return (value) => {
    for (const check of all) if (!check(value)) return false;
    return true;
  };
}

/** The rules that a field has, by name, with their bounds. */
export type Bounds = Readonly<Record<string, unknown>>;

/** What rules of one type ask for. Of a rule that is not known nobody is sure. */
type Ask = (bounds: never, field: DescField) => Surely;

interface StringBounds {
  readonly min_bytes?: bigint;
  readonly max_bytes?: bigint;
  readonly pattern?: string;
  readonly uuid?: boolean;
  readonly ip?: boolean;
  readonly in?: readonly string[];
}

/** A UTF-16 unit is one to three bytes: where bytes would have to be counted nobody is sure. */
function stringCheck({
  min_bytes,
  max_bytes,
  pattern,
  uuid,
  ip,
  in: among,
  ...others
}: StringBounds): Surely {
  if (hasAny(others)) return never;
  const shortest = Number(min_bytes ?? 0);
  const longest = max_bytes === undefined ? Number.POSITIVE_INFINITY : Number(max_bytes) / 3;
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  const form = allOf([
    expression ? (text: string) => expression.test(text) : always,
    uuid ? isUuid : always,
    ip ? (text: string) => isIP(text) > 0 && !text.includes('%') : always,
    among ? isAmong(among) : always,
  ]);
  return (text: string) => text.length >= shortest && text.length <= longest && form(text as never);
}

interface EnumBounds {
  readonly defined_only?: boolean;
  readonly in?: readonly number[];
  readonly not_in?: readonly number[];
}

function enumCheck(
  { defined_only, in: among, not_in, ...others }: EnumBounds,
  field: DescField,
): Surely {
  if (hasAny(others)) return never;
  const defined = field.enum?.values.map(({ number }) => number) ?? [];
  const isRefused = isAmong(not_in ?? []);
  return allOf([
    defined_only ? isAmong(defined) : always,
    among ? isAmong(among) : always,
    not_in ? (value) => !isRefused(value) : always,
  ]);
}

interface NumberBounds {
  readonly gte?: number | bigint;
  readonly lte?: number | bigint;
}

function numberCheck({ gte, lte, ...others }: NumberBounds): Surely {
  if (hasAny(others)) return never;
  return (value: number | bigint) =>
    (gte === undefined || value >= gte) && (lte === undefined || value <= lte);
}

function durationCheck({ gte, ...others }: { readonly gte?: Duration }): Surely {
  if (hasAny(others) || gte === undefined) return never;
  return ({ seconds, nanos }: Duration) =>
    seconds > gte.seconds || (seconds === gte.seconds && nanos >= gte.nanos);
}

interface ListBounds {
  readonly min_items?: bigint;
  readonly max_items?: bigint;
  readonly unique?: boolean;
  /** For each item, looked at by itself. */
  readonly items?: unknown;
}

function listCheck({ min_items, max_items, unique, items: _, ...others }: ListBounds): Surely {
  if (hasAny(others)) return never;
  const fewest = Number(min_items ?? 0);
  const most = Number(max_items ?? Number.POSITIVE_INFINITY);
  return (list: readonly unknown[]) =>
    list.length >= fewest &&
    list.length <= most &&
    (!unique || list.length < 2 || new Set(list).size === list.length);
}

interface MapBounds {
  readonly max_pairs?: bigint;
  /** For each of them, looked at by itself. */
  readonly keys?: unknown;
  readonly values?: unknown;
}

function mapCheck({ max_pairs, keys: _keys, values: _values, ...others }: MapBounds): Surely {
  if (hasAny(others)) return never;
  const most = Number(max_pairs ?? Number.POSITIVE_INFINITY);
  return (map: object) => Object.keys(map).length <= most;
}

/** By the cases of buf.validate.FieldRules. */
const ASKS: { readonly [type: string]: Ask } = {
  string: stringCheck,
  enum: enumCheck,
  uint32: numberCheck,
  uint64: numberCheck,
  duration: durationCheck,
  repeated: listCheck,
  map: mapCheck,
};

/** Whether a value of a field keeps the rules of one type. */
export function surelyKept(type: string, bounds: Bounds, field: DescField): Surely {
  return ASKS[type]?.(bounds as never, field) ?? never;
}

function hasAny(others: object): boolean {
  return Object.keys(others).length > 0;
}

function isAmong(values: readonly unknown[]): Surely {
  const all = new Set(values);
  return (value: unknown) => all.has(value);
}
