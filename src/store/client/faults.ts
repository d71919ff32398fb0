import { type Reason, SignumError } from '../../domain/errors.ts';

const RETRY_AFTER_MS = 200;

/** What to do about a command that failed. */
export type Remedy =
  /** It has not run: another node serves the slot, or soon will. Ask again until the deadline. */
  | 'REDIRECT'
  /** It has not run and may soon: ask again, but not for long, because nobody knows how soon. */
  | 'WAIT'
  /** It has not run because the server does not know the script: send the source. */
  | 'LOAD'
  /** It may have run, or never will. */
  | 'GIVE_UP';

const REMEDIES: readonly (readonly [RegExp, Remedy])[] = [
  [/^(MOVED|ASK|TRYAGAIN)\b/, 'REDIRECT'],
  [/^(CLUSTERDOWN|LOADING|BUSY|NEWCONNECTION|CLOSING)\b/, 'WAIT'],
  [/^NOSCRIPT\b/, 'LOAD'],
];

export function remedyFor(error: unknown): Remedy {
  const message = messageOf(error);
  return REMEDIES.find(([pattern]) => pattern.test(message))?.[1] ?? 'GIVE_UP';
}

/** Where a MOVED or ASK points to. */
export interface Redirection {
  readonly kind: 'MOVED' | 'ASK';
  readonly slot: number;
  /** `host:port`. */
  readonly address: string;
}

export function redirectionOf(error: unknown): Redirection | undefined {
  const match = /^(MOVED|ASK) (\d{1,5}) (\S+:\d{1,5})/.exec(messageOf(error));
  if (!match) return undefined;
  const [, kind, slot, address = ''] = match;
  return { kind: kind as Redirection['kind'], slot: Number(slot), address };
}

/** A command that was not sent, and why in one word. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/**
 * Turns whatever the Redis client threw into STORE_FULL or STORE_UNAVAILABLE. Of the original only
 * its leading code word stays: the client's errors carry the command's arguments in clear.
 */
export function storeFault(error: unknown): SignumError {
  if (error instanceof SignumError) return error;
  const code = codeOf(error);
  if (code === 'OOM') return new SignumError('STORE_FULL', "the store's memory is full");
  return refusal('STORE_UNAVAILABLE', `the store cannot answer (${code})`, { store_code: code });
}

export function deadlinePassed(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the deadline passed before the store answered');
}

/** An error after which the same call may be sent again. */
export function refusal(
  reason: Reason,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): SignumError {
  return new SignumError(reason, message, { retryAfterMs: RETRY_AFTER_MS, metadata });
}

/** Messages of the client library that have no code, by the word that stands for them. */
const CLIENT_MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^Command timed out/, 'TIMEOUT'],
  [/^(Connection is closed|Reached the max retries|Command aborted due to)/, 'CONNECTION_LOST'],
  [/^(Stream isn't writeable|Cluster isn't ready|None of startup nodes)/, 'NOT_CONNECTED'],
];

/** What went wrong, in one word without arguments: `READONLY`, `ETIMEDOUT`, `TIMEOUT`. */
function codeOf(error: unknown): string {
  const message = messageOf(error);
  const known = CLIENT_MESSAGES.find(([pattern]) => pattern.test(message));
  if (known) return known[1];
  const reply = /^-?([A-Z][A-Z0-9_]{1,31})\b/.exec(message)?.[1];
  if (reply) return reply;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z_]{1,32}$/.test(code) ? code : error instanceof Error ? error.name : 'UNKNOWN';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
