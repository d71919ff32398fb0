import { clientGone, deadlineExceeded, type SignumError } from '../domain/errors.ts';
import { admitted } from '../policy/access.ts';
import type { AnyEndpoint, UnaryEndpoint } from './endpoint.ts';
import type { Head } from './head.ts';
import type { InFlight } from './in-flight.ts';
import { OpenCall, type OpenCallDeps } from './open-call.ts';

/** An endpoint, or one whose calls are the messages of a stream. */
export type Callable<I, O> = AnyEndpoint<I> & Pick<UnaryEndpoint<I, O>, 'handle'>;

/**
 * A call of one message. Settles once: with what its work comes to, or with DEADLINE_EXCEEDED or
 * CANCELLED, whichever is first. Work under way is not interrupted: it looks at the deadline itself.
 *
 * The call, the timer's argument, the abort listener and what settles the promise of the answer are
 * one object, so that a call does not allocate a closure for each.
 */
export class UnaryCall<I, O> extends OpenCall<I> {
  readonly #endpoint: Callable<I, O>;
  readonly #places: InFlight;
  #hasPlace = false;
  /** Whether the handler is at work. */
  #isHandled = false;
  #untold: SignumError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #resolve: ((answer: O) => void) | undefined;
  #reject: ((error: SignumError) => void) | undefined;

  constructor(deps: OpenCallDeps, endpoint: Callable<I, O>, places: InFlight, head: Head) {
    super(deps, endpoint, places, head);
    this.#endpoint = endpoint;
    this.#places = places;
  }

  /** Authorises, checks and handles the message. To be called once, when the call is admitted. */
  run(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      try {
        this.#begin(input);
        if (!this.isSettled) this.#carryOut(input);
      } catch (thrown) {
        this.fail(thrown);
      }
    });
  }

  /** The client has gone away. */
  handleEvent(): void {
    this.fail(clientGone());
  }

  override fail(thrown: unknown): SignumError {
    const error = super.fail(thrown);
    this.#reject?.(error);
    return error;
  }

  /**
   * Takes a place among the calls under way, or throws. Settles the call at once if it is too late for
   * it; otherwise when its time is over.
   */
  #begin(input: I): void {
    this.#places.enter();
    this.#hasPlace = true;
    const { signal } = this.head;
    const nowMs = this.deps.now();
    const { defaultTimeoutMs, maxTimeoutMs } = this.deps.timeouts;
    this.deadlineAtMs =
      this.timeoutMs === undefined
        ? nowMs +
          (this.#endpoint.mayWait?.(input)
            ? maxTimeoutMs
            : Math.min(defaultTimeoutMs, maxTimeoutMs))
        : this.startedAtMs + Math.min(this.timeoutMs, maxTimeoutMs);
    const leftMs = this.deadlineAtMs - nowMs;
    if (signal?.aborted) this.fail(clientGone());
    else if (!(leftMs > 0)) this.fail(deadlineExceeded());
    else {
      this.#timer = setTimeout(expire, leftMs, this);
      signal?.addEventListener('abort', this);
    }
  }

  /** What is under way is waited for: it may change something, and tells of that itself. */
  protected override tellFailure(error: SignumError): void {
    if (this.#isHandled) this.#untold = error;
    else super.tellFailure(error);
  }

  #handled(): void {
    this.#isHandled = false;
    if (this.#untold !== undefined) super.tellFailure(this.#untold);
  }

  #carryOut(input: I): void {
    const pending = this.authorise(input);
    const answer = pending === undefined ? this.#handle(input) : this.#handleAfter(pending, input);
    this.#isHandled = true;
    answer.then(
      (output) => {
        this.#handled();
        this.#answer(output);
      },
      (thrown) => {
        this.#handled();
        this.fail(thrown);
      },
    );
  }

  async #handleAfter(authorised: Promise<void>, input: I): Promise<O> {
    await authorised;
    return this.#handle(input);
  }

  #handle(input: I): Promise<O> {
    this.#endpoint.check?.(input);
    return this.#endpoint.handle(admitted(this), input);
  }

  #answer(output: O): void {
    if (this.settle('OK', undefined)) this.#resolve?.(output);
  }

  protected override settle(...outcome: Parameters<OpenCall<I>['settle']>): boolean {
    const isFirst = super.settle(...outcome);
    if (!isFirst) return false;
    clearTimeout(this.#timer);
    this.head.signal?.removeEventListener('abort', this);
    if (this.#hasPlace) this.#places.leave();
    return true;
  }
}

function expire(call: Pick<OpenCall<unknown>, 'fail'>): void {
  call.fail(deadlineExceeded());
}
