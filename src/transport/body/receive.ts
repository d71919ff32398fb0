import { STRANGER_MAX_BYTES } from '../../call/open-call.ts';
import { messageTooLarge } from '../../domain/errors.ts';
import { type BodyBudget, MESSAGE_TIMEOUT_MS, messageTooSlow } from './budget.ts';
import { FrameReader } from './frames.ts';

export interface Receiving {
  readonly budget: BodyBudget;
  /** Of one message. */
  readonly maxBytes: number;
}

/** The whole of a body that is one message, as long as it may be and in time. */
export async function receiveWhole(
  body: AsyncIterable<Uint8Array>,
  { budget, maxBytes }: Receiving,
): Promise<Uint8Array> {
  const isStranger = maxBytes <= STRANGER_MAX_BYTES;
  const lateAtMs = performance.now() + MESSAGE_TIMEOUT_MS;
  const pieces: Uint8Array[] = [];
  let size = 0;
  let taken = 0;
  try {
    for await (const piece of inTime(body, () => lateAtMs)) {
      size += piece.byteLength;
      if (size > maxBytes) throw messageTooLarge(maxBytes);
      budget.take(piece.byteLength, isStranger);
      taken += piece.byteLength;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    budget.give(taken, isStranger);
  }
}

/**
 * The messages of a body of frames, with their prefixes. Each has its time from its first byte on, and
 * the first one from now on.
 */
export async function* receiveFrames(
  body: AsyncIterable<Uint8Array>,
  { budget, maxBytes }: Receiving,
): AsyncGenerator<Buffer> {
  const isStranger = maxBytes <= STRANGER_MAX_BYTES;
  const frames = new FrameReader(maxBytes);
  let lateAtMs = performance.now() + MESSAGE_TIMEOUT_MS;
  let taken = 0;
  try {
    for await (const piece of inTime(body, () => lateAtMs)) {
      const wasHalf = frames.heldBytes > 0;
      const whole = frames.take(piece);
      budget.give(taken, isStranger);
      taken = 0;
      budget.take(frames.heldBytes, isStranger);
      taken = frames.heldBytes;
      if (taken === 0) lateAtMs = Number.POSITIVE_INFINITY;
      else if (!wasHalf || whole.length > 0) lateAtMs = performance.now() + MESSAGE_TIMEOUT_MS;
      yield* whole;
    }
    frames.end();
  } finally {
    budget.give(taken, isStranger);
  }
}

/** The same pieces, each no later than it must come. @throws DEADLINE_EXCEEDED */
async function* inTime(
  body: AsyncIterable<Uint8Array>,
  lateAtMs: () => number,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await next(pieces, lateAtMs());
    if (done) return;
    yield value;
  }
}

function next(
  pieces: AsyncIterator<Uint8Array>,
  lateAtMs: number,
): Promise<IteratorResult<Uint8Array>> {
  if (lateAtMs === Number.POSITIVE_INFINITY) return pieces.next();
  return new Promise((resolve, reject) => {
    const late = () => reject(messageTooSlow());
    const timer = setTimeout(late, Math.max(0, lateAtMs - performance.now()));
    pieces
      .next()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
