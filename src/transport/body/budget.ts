import { SignumError } from '../../domain/errors.ts';

/** How long a client has to send a whole message, in milliseconds. Nothing that it sends extends it. */
export const MESSAGE_TIMEOUT_MS = 10_000;

/** What the process holds of messages that are half there, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** So much of it can be of callers whom no credential has vouched for: the rest is kept for others. */
const STRANGERS_BYTES = 16 * 1024 * 1024;

/**
 * Bounds the bytes of all messages that are being received, in the whole process. A message that is
 * there at once, as nearly all are, takes nothing of it.
 */
export interface BodyBudget {
  /** Takes so many bytes. @throws OVERLOADED if there are too many already. */
  take(bytes: number, isStranger: boolean): void;
  give(bytes: number, isStranger: boolean): void;
}

export function createBodyBudget(): BodyBudget {
  let held = 0;
  let ofStrangers = 0;
  return {
    take(bytes, isStranger) {
      const isFull =
        held + bytes > MAX_BYTES || (isStranger && ofStrangers + bytes > STRANGERS_BYTES);
      if (isFull) throw new SignumError('OVERLOADED', 'too much is being received at once');
      held += bytes;
      if (isStranger) ofStrangers += bytes;
    },
    give(bytes, isStranger) {
      held -= bytes;
      if (isStranger) ofStrangers -= bytes;
    },
  };
}

export function messageTooSlow(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'the message did not arrive in time');
}
