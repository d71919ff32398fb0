import type { HttpAnswer } from '../../call/endpoint.ts';
import type { Head, TimeoutHeader } from '../../call/head.ts';

/** One request and its answer, whatever the HTTP version. */
export interface Exchange extends Head {
  /** Settled by whoever serves it. */
  timeoutHeader: TimeoutHeader | undefined;
  /**
   * The whole body. Rejects with MESSAGE_TOO_LARGE beyond `maxBytes`, and with DEADLINE_EXCEEDED for
   * one that does not come to its end in time.
   */
  readBody(maxBytes: number): Promise<Uint8Array>;
  respond(status: number, contentType: string, body: Uint8Array): void;
  send(answer: HttpAnswer): void;
}
