import { Secret } from '../domain/secret.ts';
import { serializeError } from './serialize-error.ts';

const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

/** Names under which credentials travel, in whatever spelling. */
const SECRET_NAME =
  /^(authorization|cookie|set-?cookie|password|passwd|(client[-_]?)?(secret|assertion)|proof|dpop|(api|admin|private)[-_]?key|((access|refresh|id)[-_]?)?token)$/i;

/** A copy of a log line's fields that holds no credential, no raw error and no bytes. */
export function redact(fields: Record<string, unknown>): Record<string, unknown> {
  return redactObject(fields, 0);
}

function redactObject(object: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(object).map(([name, value]) => {
    return [name, SECRET_NAME.test(name) ? REDACTED : redactValue(value, depth + 1)];
  });
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number): unknown {
  if (value instanceof Error) return serializeError(value);
  if (value instanceof Secret) return REDACTED;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if (value instanceof Set) return [...value].map((item) => redactValue(item, depth + 1));
  if (value instanceof Map) return redactObject(Object.fromEntries(value), depth);
  return redactObject(value, depth);
}
