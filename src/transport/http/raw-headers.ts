/**
 * Headers as they came: name and value by turns. Node's objects of headers keep the first value of
 * some headers and drop the others without a word.
 */
export type RawHeaders = readonly string[];

/** Headers of which Node keeps the first, where it matters that there is no other. */
export const ONCE: ReadonlySet<string> = new Set(['authorization', 'content-type']);

/** All values of a header, by its lower-case name. */
export function valuesIn(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const each = raw[at];
    const isIt = each?.length === name.length && each.toLowerCase() === name;
    if (isIt) values.push(raw[at + 1] ?? '');
  }
  return values;
}

/** The same as one text, as RFC 9110 section 5.3 has it. */
export function joined(raw: RawHeaders, name: string): string {
  const values = valuesIn(raw, name);
  return values.length === 1 ? (values[0] ?? '') : values.join(', ');
}
