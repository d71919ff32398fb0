import { isUtf8 } from 'node:buffer';
import type { JsonObject } from './claims.ts';

/** A string, with what stands behind it if that makes it a name, or a bracket of an object. */
const STRING_OR_BRACE = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g;

/**
 * Reads a JSON object that a client's library has written, in whatever spacing and with whatever
 * escapes. A name that occurs twice is refused (RFC 7515 section 4, RFC 7519 section 4): which of
 * the two another reader would take cannot be known. Bytes must be valid UTF-8.
 */
export function readJsonObject(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // What is canonical names nothing twice, and nearly everything is.
    if (JSON.stringify(value) !== text && namesTwice(text)) return undefined;
    return value as JsonObject;
  } catch {
    return undefined;
  }
}

/** Whether an object in a well-formed text has two members of one name, however they are spelled. */
function namesTwice(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, name, colon] of text.matchAll(STRING_OR_BRACE)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (name !== undefined && colon !== undefined) {
      const names = open.at(-1);
      const spelled = JSON.parse(name) as string;
      if (names?.has(spelled)) return true;
      names?.add(spelled);
    }
  }
  return false;
}
