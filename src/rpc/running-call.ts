import type { Message } from '@bufbuild/protobuf';
import type { Call } from '../domain/call.ts';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import { cancelled, deadlineExceeded } from './deadline.ts';
import { requestIdOf } from './request-id.ts';
import type { RpcContext } from './rpc.ts';

export interface RunningCallInit {
  readonly method: string;
  readonly context: RpcContext;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  newRequestId(): string;
  /** Called once: with an answer, or else with what was thrown. */
  settled(thrown: unknown, answer: Message | undefined): void;
}

/**
 * A call under way. Settles once: with what its work comes to, or with DEADLINE_EXCEEDED or
 * CANCELLED, whichever is first. Work under way is not interrupted: it looks at the deadline itself.
 *
 * One object that is the call, the timer's argument and the abort listener at the same time, so that
 * a call does not allocate a closure for each.
 */
export class RunningCall implements Call {
  readonly method: string;
  readonly deadlineAtMs: number;
  readonly startedAtMs: number;
  readonly #init: RunningCallInit;
  #timer: NodeJS.Timeout | undefined;
  #caller: Caller | undefined;
  #requestId: string | undefined;
  #isSettled = false;

  constructor(init: RunningCallInit) {
    this.#init = init;
    this.method = init.method;
    this.startedAtMs = init.startedAtMs;
    this.deadlineAtMs = init.deadlineAtMs;
  }

  /** Who calls; nobody until the caller is known. */
  get caller(): Caller {
    return this.#caller ?? ANONYMOUS;
  }

  get callerKind(): Caller['kind'] | 'unknown' {
    return this.#caller?.kind ?? 'unknown';
  }

  get peer(): string {
    return this.#init.context.peer.ip;
  }

  /** Made when first asked for: most calls are never logged, and a UUID takes random bytes. */
  get requestId(): string {
    const { context, newRequestId } = this.#init;
    this.#requestId ??= requestIdOf(context.header('x-request-id'), newRequestId);
    return this.#requestId;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Settles the call at once if it is too late for it; otherwise when its time is over. */
  begin(): void {
    const { signal } = this.#init.context;
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
    if (this.#settle()) this.#init.settled(undefined, message);
  }

  fail(thrown: unknown): void {
    if (this.#settle()) this.#init.settled(thrown, undefined);
  }

  /** Returns whether this is the first time. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#init.context.signal?.removeEventListener('abort', this);
    return true;
  }
}

function expire(call: RunningCall): void {
  call.fail(deadlineExceeded());
}
