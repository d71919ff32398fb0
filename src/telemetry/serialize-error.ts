import { SignumError } from '../domain/errors.ts';

/** What is logged of an error. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

const MAX_CAUSES = 4;

/**
 * Chooses what is logged of an error. Of a foreign one that is name, message and stack, and nothing
 * else that it carries: the Redis client's errors have the command's arguments as properties.
 */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (error instanceof SignumError) return serializeOwn(error, depth);
  if (error instanceof Error) {
    return { type: error.name, message: error.message, ...(error.stack && { stack: error.stack }) };
  }
  // A thrown value that is no error may be anything, a token included.
  return { type: typeof error, message: 'a value that is not an error was thrown' };
}

function serializeOwn(error: SignumError, depth: number): LoggedError {
  const { name, message, reason, metadata, cause } = error;
  const logged = { type: name, reason, message, metadata };
  if (cause === undefined || depth >= MAX_CAUSES) return logged;
  return { ...logged, cause: serializeError(cause, depth + 1) };
}
