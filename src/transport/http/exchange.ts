import type { HttpAnswer } from '../../call/endpoint.ts';
import type { Head, TimeoutHeader } from '../../call/head.ts';

/** One request and its answer, whatever the HTTP version. */
export interface Exchange extends Head {
  /** Settled by whoever serves it. */
  timeoutHeader: TimeoutHeader | undefined;
  /**
   * The whole body, without a promise if it is here already.
   * @throws MESSAGE_TOO_LARGE beyond `maxBytes`, and DEADLINE_EXCEEDED for one that does not come to
   * its end in time; so does the promise.
   */
  readBody(maxBytes: number): Uint8Array | Promise<Uint8Array>;
  respond(status: number, contentType: string, body: Uint8Array): void;
  send(answer: HttpAnswer): void;
}
