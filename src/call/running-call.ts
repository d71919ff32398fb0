import type { Message } from '@bufbuild/protobuf';
import type { Call } from '../domain/call.ts';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import type { SignumError } from '../domain/errors.ts';
import type { RpcContext } from '../rpc/rpc.ts';
import { codeNameOf } from '../rpc/status.ts';
import { cancelled, deadlineExceeded, deadlineFor, type Timeouts } from './deadline.ts';
import type { InFlight } from './in-flight.ts';
import type { ToSignumError } from './internal-error.ts';
import type { Observation } from './observation.ts';
import { requestIdOf } from './request-id.ts';

export interface RunningCallDeps {
  readonly inFlight: InFlight;
  readonly timeouts: Timeouts;
  readonly toSignumError: ToSignumError;
  observe(observation: Observation): void;
  newRequestId(): string;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/**
 * A call under way. Settles once: with what its work comes to, or with DEADLINE_EXCEEDED or
 * CANCELLED, whichever is first. Work under way is not interrupted: it looks at the deadline itself.
 *
 * One object that is the call, the timer's argument, the abort listener and what settles the promise
 * of the answer at the same time, so that a call does not allocate a closure for each.
 */
export class RunningCall implements Call {
  readonly method: string;
  readonly deadlineAtMs: number;
  readonly startedAtMs: number;
  readonly #deps: RunningCallDeps;
  readonly #context: RpcContext;
  readonly #resolve: (answer: Message) => void;
  readonly #reject: (error: SignumError) => void;
  #hasPlace = false;
  #timer: NodeJS.Timeout | undefined;
  #caller: Caller | undefined;
  #requestId: string | undefined;
  #isSettled = false;

  constructor(
    deps: RunningCallDeps,
    method: string,
    context: RpcContext,
    resolve: (answer: Message) => void,
    reject: (error: SignumError) => void,
  ) {
    this.#deps = deps;
    this.#context = context;
    this.#resolve = resolve;
    this.#reject = reject;
    this.method = method;
    this.startedAtMs = deps.now();
    this.deadlineAtMs = deadlineFor(context.timeoutMs, this.startedAtMs, deps.timeouts);
  }

  /** Who calls; nobody until the caller is known. */
  get caller(): Caller {
    return this.#caller ?? ANONYMOUS;
  }

  get callerKind(): Caller['kind'] | 'unknown' {
    return this.#caller?.kind ?? 'unknown';
  }

  get peer(): string {
    return this.#context.peer.ip;
  }

  /** Made when first asked for: most calls are never logged, and a UUID takes random bytes. */
  get requestId(): string {
    this.#requestId ??= requestIdOf(this.#context.header('x-request-id'), this.#deps.newRequestId);
    return this.#requestId;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * Takes a place among the calls under way, or throws. Settles the call at once if it is too late for
   * it; otherwise when its time is over.
   */
  begin(): void {
    this.#deps.inFlight.enter();
    this.#hasPlace = true;
    const { signal } = this.#context;
    const leftMs = this.deadlineAtMs - this.startedAtMs;
    if (signal?.aborted) this.fail(cancelled());
    else if (!(leftMs > 0)) this.fail(deadlineExceeded());
    else {
      this.#timer = setTimeout(expire, leftMs, this);
      signal?.addEventListener('abort', this);
    }
  }

  /** The client has gone away. */
  handleEvent(): void {
    this.fail(cancelled());
  }

  known(caller: Caller): void {
    this.#caller = caller;
  }

  answer(message: Message): void {
    if (!this.#settle()) return;
    this.#observe('OK', undefined);
    this.#resolve(message);
  }

  fail(thrown: unknown): void {
    if (!this.#settle()) return;
    const error = this.#deps.toSignumError(thrown, this);
    this.#observe(codeNameOf(error.reason), error.reason);
    this.#reject(error);
  }

  /** Returns whether this is the first time. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#context.signal?.removeEventListener('abort', this);
    if (this.#hasPlace) this.#deps.inFlight.leave();
    return true;
  }

  #observe(code: Observation['code'], reason: Observation['reason']): void {
    const { method, callerKind } = this;
    const ms = this.#deps.now() - this.startedAtMs;
    this.#deps.observe({ method, code, reason, ms, callerKind });
  }
}

function expire(call: RunningCall): void {
  call.fail(deadlineExceeded());
}
