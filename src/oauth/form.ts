import { isUtf8 } from 'node:buffer';
import type { Head } from '../call/head.ts';
import { decodeText, parametersOf, refuseControl, shownName } from '../call/parameters.ts';
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
  if (!isUtf8(body)) throw invalidField('body', 'must be UTF-8');
  const found = new Map<string, string>();
  for (const [name, encoded] of parametersOf(Buffer.prototype.utf8Slice.call(body), 'body')) {
    const field = shownName(name, 'parameter');
    if (found.has(name)) throw invalidField(field, 'must come once');
    found.set(name, decodeText(encoded, field));
  }
  const get = (name: string) => {
    const value = found.get(name) || undefined;
    // RFC 6749 appendix A.
    if (value !== undefined) refuseControl(value, name);
    return value;
  };
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
