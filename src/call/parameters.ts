import { invalidField } from '../domain/errors.ts';

/** A parameter of a query or a form: its name, and its value still encoded. */
export type Parameter = readonly [name: string, encoded: string];

const RULE = 'must be percent-encoded UTF-8';
/** Tokens and keys have nothing of it. */
const ENCODED = /[%+]/;
const HALF_ESCAPE = /%(?![\da-f]{2})/i;
/** RFC 3986 section 2: everything else comes encoded. */
const NO_URL = /[^\x21-\x7e]/;
const CONTROL = /\p{Cc}/u;
const HARMLESS_NAME = /^[\w.-]{1,64}$/;

/**
 * The parameters of a form (WHATWG URL, "application/x-www-form-urlencoded"), in their order.
 * @throws INVALID_FIELD naming `field` for a name that is not well encoded.
 */
export function parametersOf(text: string, field: string): Parameter[] {
  const found: Parameter[] = [];
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeText(equals < 0 ? pair : pair.slice(0, equals), field);
    found.push([name, equals < 0 ? '' : pair.slice(equals + 1)]);
  }
  return found;
}

/** The same of what follows the `?` of a URL. */
export function queryParameters(query: string): Parameter[] {
  if (query === '') return [];
  if (NO_URL.test(query)) throw invalidField('query', RULE);
  return parametersOf(query, 'query');
}

/** Throws INVALID_FIELD if there is a query at all, naming its first parameter. */
export function refuseQuery(query: string): void {
  const [first] = queryParameters(query);
  if (first === undefined) return;
  const field = shownName(first[0], 'query', 'query.');
  throw invalidField(field, 'is no parameter of this call');
}

/**
 * Undoes the encoding of a form; strictly, so that two spellings of half a character are none.
 * @throws INVALID_FIELD naming `field`
 */
export function decodeText(text: string, field: string): string {
  if (!ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidField(field, RULE);
  }
}

/** The same of what need not be text. */
export function decodeBytes(text: string, field: string): Buffer {
  if (HALF_ESCAPE.test(text)) throw invalidField(field, 'must be percent-encoded');
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_escape, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** Throws INVALID_FIELD for text with a control character, which no parameter that is read has. */
export function refuseControl(text: string, field: string): void {
  if (CONTROL.test(text)) throw invalidField(field, 'must hold no control characters');
}

/** A name as an error may show it, or `otherwise`. */
export function shownName(name: string, otherwise: string, before = ''): string {
  return HARMLESS_NAME.test(name) ? `${before}${name}` : otherwise;
}
