import { isUtf8 } from 'node:buffer';
import type { Head } from '../call/head.ts';
import { invalidField } from '../domain/errors.ts';

/** The parameters of a request (RFC 6749 section 3.2). */
export interface Form {
  /** Undefined if it is absent, or sent without a value, which is the same. */
  get(name: string): string | undefined;
  /** Throws INVALID_FIELD if it is absent. */
  require(name: string): string;
}

/** Media type, and its charset if it names one. */
const CONTENT_TYPE = /^application\/x-www-form-urlencoded(?: *; *charset="?utf-8"?)?$/i;

/**
 * Reads a form (WHATWG URL, "application/x-www-form-urlencoded"). What comes twice is refused (RFC 6749
 * section 3.2), and so is a parameter in the URL, where tokens would end up in logs. Parameters that
 * Signum does not know are passed over, as the same section has it.
 */
export function readForm(head: Head, body: Uint8Array): Form {
  checkHead(head);
  const found = new Map<string, string>();
  const text = isUtf8(body) ? Buffer.from(body).toString('utf8') : undefined;
  for (const pair of (text ?? '%').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (found.has(name)) throw invalidField(shown(name), 'must come once');
    found.set(name, value);
  }
  const get = (name: string) => found.get(name) || undefined;
  return {
    get,
    require(name) {
      return get(name) ?? missing(name);
    },
  };
}

/** @throws INVALID_FIELD if its body is no form, or its URL holds parameters */
function checkHead(head: Head): void {
  if (head.query !== '') throw invalidField('query', 'must be empty: parameters go into the body');
  if (!CONTENT_TYPE.test(head.header('content-type') ?? '')) {
    throw invalidField('content-type', 'must be application/x-www-form-urlencoded');
  }
  if ((head.header('content-encoding') ?? 'identity') !== 'identity') {
    throw invalidField('content-encoding', 'must be identity: nothing compressed is taken');
  }
}

function missing(name: string): never {
  throw invalidField(name, 'value is required');
}

/** Tokens and keys have nothing of it. */
const ENCODED = /[%+]/;

/** Undoes the encoding of a form; strictly, so that two spellings of half a character are none. */
export function decode(text: string): string {
  if (!ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidField('body', 'must be a well-formed form in UTF-8');
  }
}

/** A name as an error may show it. */
function shown(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : 'parameter';
}
