import { isId, requestUri } from '@signum/token';
import type { Authenticate, Credentials } from '../callers/authenticate.ts';
import type { Call, Subject } from '../domain/call.ts';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import { CODE_OF, invalidField, type Reason, SignumError } from '../domain/errors.ts';
import type { KeyProof } from '../domain/key-proof.ts';
import type { Target } from '../policy/authorise.ts';
import type { AnyEndpoint } from './endpoint.ts';
import { type Head, headCredentials, readTimeoutMs, requestIdOf } from './head.ts';
import type { InFlight } from './in-flight.ts';
import type { ToSignumError } from './internal-error.ts';
import type { Observation } from './observation.ts';

export interface Timeouts {
  /** What a call gets whose client says nothing, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** The most a client can ask for, in milliseconds; more is cut down to it. */
  readonly maxTimeoutMs: number;
}

export interface OpenCallDeps {
  readonly authenticate: Authenticate;
  readonly timeouts: Timeouts;
  readonly toSignumError: ToSignumError;
  /** Told of every call once it is answered. Must not throw. */
  observe(observation: Observation): void;
  /** Told of every call that has failed, and why, for the audit trail. Must not throw. */
  onFailure?: ((call: Call, error: SignumError) => void) | undefined;
  /** The address that a call comes from; default: that of its connection. */
  clientIp?: ((head: Head) => string) | undefined;
  /** By what scheme clients know the server, whoever encrypts on the way here; default: https. */
  publicScheme?: 'http' | 'https' | undefined;
  newRequestId(): string;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/**
 * The longest message, in bytes, of somebody whom no credential has vouched for: one token of the
 * longest kind, 4,096 bytes, and what goes around it in JSON or in a form.
 */
export const STRANGER_MAX_BYTES = 8_192;

/** What leaves the caller unknown without being a failure where nobody need be known. */
const FORGIVEN: ReadonlySet<Reason> = new Set(['CREDENTIAL_INVALID', 'OVERLOADED']);

/**
 * A call from its head on. First `admit`: who calls, and whether they may at all; then the message is
 * read, of `maxBytes` at most; then it runs. Whatever fails on the way, `fail` says what is answered.
 */
export abstract class OpenCall<I> implements Call {
  readonly method: string;
  readonly startedAtMs: number;
  deadlineAtMs = Number.POSITIVE_INFINITY;
  hasChanged = false;
  protected readonly deps: OpenCallDeps;
  protected readonly head: Head;
  /** What the client allows; undefined if it does not say. */
  protected timeoutMs: number | undefined;
  readonly #endpoint: AnyEndpoint<I>;
  readonly #places: InFlight;
  #caller: Caller | undefined;
  /** What is wrong with the credential of a caller who counts as nobody. */
  #fault: SignumError | undefined;
  #requestId: string | undefined;
  /** Whether the head has shown more than a certificate. */
  #hasShownKey = false;
  #failure: SignumError | undefined;
  #isSettled = false;
  #isProven = false;
  #about: Subject | undefined;
  /** What a service caller has sent. */
  #message: I | undefined;

  constructor(deps: OpenCallDeps, endpoint: AnyEndpoint<I>, places: InFlight, head: Head) {
    this.deps = deps;
    this.head = head;
    this.method = endpoint.name;
    this.#endpoint = endpoint;
    this.#places = places;
    this.startedAtMs = deps.now();
  }

  /** Who calls; nobody until the caller is known. */
  get caller(): Caller {
    return this.#caller ?? ANONYMOUS;
  }

  /** Found out when first asked for, as the request id is: few calls are ever told of. */
  get about(): Subject | undefined {
    if (this.#about === undefined && this.#message !== undefined) {
      this.#about = named(this.#endpoint.access.targetOf(this.#message));
    }
    return this.#about;
  }

  set about(about: Subject | undefined) {
    this.#about = about;
  }

  get peer(): string {
    return this.deps.clientIp?.(this.head) ?? this.head.peer.ip;
  }

  /** What the client shows of a key over this very call: a header `DPoP`, a certificate, or neither. */
  get shown(): KeyProof {
    const { verb: method, path, authority, peer } = this.head;
    const proofs = this.head.headerValues('dpop');
    return {
      // Of several, which are refused, none is picked (RFC 9449 section 4.3).
      dpop: proofs.length === 0 ? undefined : proofs.join(', '),
      method,
      uri: requestUri(this.deps.publicScheme ?? 'https', authority, path),
      certificateThumbprint: peer.certificateThumbprint,
    };
  }

  /** Made when first asked for: most calls are never logged, and a UUID takes random bytes. */
  get requestId(): string {
    this.#requestId ??= requestIdOf(this.head.header('x-request-id'), this.deps.newRequestId);
    return this.#requestId;
  }

  /** Lets the caller use a token of this user's that the message has presented, or throws. */
  authoriseToken(of: Target): void {
    this.#endpoint.access.checkToken(this.caller, of);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The longest message that is read of this caller, in bytes. */
  get maxBytes(): number {
    const { maxBytes } = this.#endpoint;
    return this.caller.kind === 'anonymous' ? Math.min(maxBytes, STRANGER_MAX_BYTES) : maxBytes;
  }

  /**
   * Finds out who calls, and lets nobody pass who may not, whatever the message says. Synchronous when
   * the caller is known by a key or a certificate, which is nearly always.
   * @throws what is to be answered; so does the promise.
   */
  admit(): void | Promise<void> {
    const credentials = this.#presentedByHead();
    let caller: Caller | Promise<Caller>;
    try {
      caller = this.deps.authenticate(credentials, this);
    } catch (thrown) {
      this.#unknown(thrown);
      return;
    }
    if (caller instanceof Promise) {
      return caller.then(
        (known) => this.#known(known),
        (thrown) => this.#unknown(thrown),
      );
    }
    this.#known(caller);
  }

  /** Settles the call, if it is not settled yet. Answers the error that its client gets. */
  fail(thrown: unknown): SignumError {
    if (this.#failure !== undefined) return this.#failure;
    const error = this.deps.toSignumError(thrown, this);
    this.#failure = error;
    if (this.settle(CODE_OF[error.reason], error.reason)) this.tellFailure(error);
    return error;
  }

  /** Tells of a failure, once nothing more is done for the call. */
  protected tellFailure(error: SignumError): void {
    this.deps.onFailure?.(this, error);
  }

  /** Whether the proof of a key has been looked at: it is good once. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Finds out again who calls, and whether they still may. */
  protected async recheck(): Promise<void> {
    // Who has counted as nobody from the start has nothing to lose.
    if (this.#fault !== undefined) return;
    this.#isProven = true;
    const { access, credentials } = this.#endpoint;
    const shown = credentials === undefined ? headCredentials(this.head) : credentials(this.head);
    this.#caller = await this.deps.authenticate(shown, this);
    access.checkCaller(this.#caller);
  }

  /** Whether the end of the call is observed. */
  protected get isTold(): boolean {
    return true;
  }

  /** Whether this is the first time. */
  protected settle(code: Observation['code'], reason: Observation['reason']): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    if (!this.isTold) return true;
    const { method } = this;
    const ms = this.deps.now() - this.startedAtMs;
    const callerKind = this.#caller?.kind ?? 'unknown';
    this.deps.observe({ method, code, reason, ms, callerKind });
    return true;
  }

  /** Lets the caller do what this message asks for, or throws. */
  protected authorise(input: I): void | Promise<void> {
    if (this.#caller === undefined) throw new Error('the call has not been admitted');
    const presented = this.#presentedBy(input);
    if (presented === undefined) return this.#checkMessage(input);
    const { certificateNames } = this.head.peer;
    const caller = this.deps.authenticate({ ...presented, certificateNames }, this);
    const known = (who: Caller) => {
      this.#caller = who;
      this.#checkMessage(input);
    };
    return caller instanceof Promise ? caller.then(known) : known(caller);
  }

  #presentedByHead(): Credentials {
    try {
      this.timeoutMs = readTimeoutMs(this.head);
      this.#places.checkRoom();
      const { credentials } = this.#endpoint;
      const shown = credentials === undefined ? headCredentials(this.head) : credentials(this.head);
      this.#hasShownKey = shown.authorization !== undefined;
      return shown;
    } catch (thrown) {
      throw this.fail(thrown);
    }
  }

  #presentedBy(input: I): Omit<Credentials, 'certificateNames'> | undefined {
    const { inputCredentials } = this.#endpoint;
    if (inputCredentials === undefined) return undefined;
    const presented = inputCredentials(input);
    // As ever, a key wins over a certificate presented with it.
    if (presented === undefined || !this.#hasShownKey) return presented;
    // RFC 6749 section 2.3: not more than one way to authenticate in a request, good or bad.
    throw invalidField('credentials', 'must be presented in one way only');
  }

  #checkMessage(input: I): void {
    const { access } = this.#endpoint;
    this.#about = undefined;
    this.#message = this.caller.kind === 'service' ? input : undefined;
    try {
      access.checkMessage(this.caller, input);
    } catch (thrown) {
      throw this.#fault ?? thrown;
    }
  }

  #known(caller: Caller): void {
    this.#caller = caller;
    const { access, inputCredentials } = this.#endpoint;
    if (caller.kind === 'anonymous' && inputCredentials !== undefined) return;
    try {
      access.checkCaller(caller);
    } catch (thrown) {
      throw this.fail(thrown);
    }
  }

  /**
   * Where nobody need be known, a stale credential does no harm: an app that sends its expired access
   * token along with every request must still be able to refresh.
   */
  #unknown(thrown: unknown): void {
    const { access } = this.#endpoint;
    const forgiven = thrown instanceof SignumError && FORGIVEN.has(thrown.reason);
    if (!forgiven || !access.isOpen) throw this.fail(thrown);
    this.#caller = ANONYMOUS;
    this.#fault = thrown;
  }
}

/** Whom a message names, of which nothing has been checked, if those can be ids. */
function named(target: Target | undefined): Subject | undefined {
  if (target === undefined || !isId(target.tenantId)) return undefined;
  const { tenantId, userId } = target;
  return isId(userId) ? { tenantId, userId } : { tenantId };
}
