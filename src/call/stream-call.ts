import { clientGone, deadlineExceeded, SignumError } from '../domain/errors.ts';
import { admitted } from '../policy/access.ts';
import { CallStream } from './call-stream.ts';
import type { CallStreamEndpoint, StreamEndpoint } from './endpoint.ts';
import { CallSignal, type Head } from './head.ts';
import { draining, type InFlight, type Places } from './in-flight.ts';
import { OpenCall, type OpenCallDeps } from './open-call.ts';
import { PushedAnswers } from './pushed-answers.ts';
import { UnaryCall } from './unary-call.ts';

export interface StreamLimits {
  /** Streams of service callers open at once on this server; 1 or more. */
  readonly maxStreams: number;
  /** The same of everybody else, users most of all. */
  readonly maxUserStreams: number;
  /** A stream ends on which nothing has moved for this long, in milliseconds. */
  readonly idleStreamMs: number;
  /**
   * How often the caller of a stream on which nothing comes is looked at again, in milliseconds; with
   * each message it is in any case.
   */
  readonly recheckCallerMs: number;
}

export interface StreamCallDeps extends OpenCallDeps {
  readonly limits: StreamLimits;
  /** Has room for all, until the server takes no more. */
  readonly entrance: InFlight;
  /** Counts open streams of service callers. */
  readonly streams: InFlight;
  /** Counts those of others, which must not take the places of service callers. */
  readonly userStreams: InFlight;
  /** Count the calls that messages of streams are. */
  readonly places: Places;
}

/** What a stream writes. */
export interface Answers<O> {
  /** For how long nothing has moved: no answer has been taken, and no message has come. */
  idleMs(): number;
  /** Ends the stream; the first reason given is the one. */
  stop(thrown: unknown): void;
  answers(): AsyncGenerator<O>;
}

/** Batches of one stream at once: enough for one to be read and one sent while two are looked up. */
const MAX_UNDERWAY = 4;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A user is looked at so many times less often than a service: it takes a look into the store. */
const ROUNDS_OF_USERS = 30;

/**
 * A call that streams. The caller is admitted when it opens and as long as it is open. Fails with
 * SignumError, or as its messages do.
 */
export class StreamCall<I, O> extends OpenCall<I> {
  /** Aborted when the stream ends, whatever ended it. */
  readonly ended = new CallSignal();
  readonly #endpoint: StreamEndpoint<I, O>;
  readonly #deps: StreamCallDeps;
  #isOpen = false;
  #first: I | undefined;
  #messageFault: unknown;

  constructor(deps: StreamCallDeps, endpoint: StreamEndpoint<I, O>, head: Head) {
    super(deps, endpoint, deps.entrance, head);
    this.#endpoint = endpoint;
    this.#deps = deps;
  }

  /**
   * Answers as the answers are taken. Messages are read one by one, and no faster than they are asked
   * for. `leaving` aborts when the server is to take no more of the stream. To be called once, when
   * the call is admitted.
   */
  async *run(messages: AsyncIterable<I>, leaving: AbortSignal): AsyncGenerator<O> {
    const undo: (() => void)[] = [];
    try {
      if (this.timeoutMs !== undefined) this.deadlineAtMs = this.startedAtMs + this.timeoutMs;
      const answers = await this.#open(this.#read(messages), () => undo.push(this.#takePlace()));
      this.#isOpen = true;
      undo.push(...this.#watch(answers, leaving));
      yield* answers.answers();
      this.settle('OK', undefined);
    } catch (thrown) {
      const isTheirs = thrown === this.#messageFault && !(thrown instanceof SignumError);
      throw isTheirs ? thrown : this.fail(thrown);
    } finally {
      // The client has stopped taking answers, if nothing else has happened.
      this.settle('CANCELLED', 'CANCELLED');
      for (const step of undo) step();
      this.ended.abort();
    }
  }

  /** Of a stream whose messages are calls, those are told of, and it itself if it is refused. */
  protected override get isTold(): boolean {
    return !(this.#isOpen && this.#endpoint.kind === 'call_stream');
  }

  /** Answers how to give it back. */
  #takePlace(): () => void {
    const { streams, userStreams } = this.#deps;
    const places = this.caller.kind === 'service' ? streams : userStreams;
    places.enter();
    return () => places.leave();
  }

  async #open(messages: AsyncIterable<I>, takePlace: () => void): Promise<Answers<O>> {
    const endpoint = this.#endpoint;
    const { now } = this.#deps;
    if (endpoint.kind !== 'server_stream') takePlace();
    if (endpoint.kind === 'call_stream') {
      const answer = (message: I) => this.#call(endpoint, message);
      return new CallStream({ messages, answer, maxUnderway: MAX_UNDERWAY, now });
    }
    if (endpoint.kind === 'bidi') {
      return new PushedAnswers(endpoint.handle(admitted(this), this.#letIn(messages)), now);
    }
    for await (const message of this.#letIn(messages)) {
      // A message that does not come takes no place.
      takePlace();
      this.#first = message;
      return new PushedAnswers(endpoint.handle(admitted(this), message), now);
    }
    throw new SignumError('INVALID_FIELD', 'the call holds no message', {
      metadata: { field: 'message', rule: 'must be sent' },
    });
  }

  /** Remembers what the reading fails with, which is no failure of the service. */
  async *#read(messages: AsyncIterable<I>): AsyncGenerator<I> {
    try {
      yield* messages;
    } catch (thrown) {
      this.#messageFault = thrown;
      throw thrown;
    }
  }

  /** Authorises and checks each message. */
  async *#letIn(messages: AsyncIterable<I>): AsyncGenerator<I> {
    for await (const message of messages) {
      await this.authorise(message);
      this.#endpoint.check?.(message);
      yield message;
    }
  }

  /** Neither the stream's time-out nor its end cuts a message short that was begun. */
  async #call(endpoint: CallStreamEndpoint<I, O>, message: I): Promise<O> {
    const places = this.#deps.places.of(endpoint.name);
    const call = new UnaryCall(this.#deps, endpoint, places, headOfMessages(this.head));
    try {
      await call.admit();
      return await call.run(message);
    } catch (thrown) {
      const error = call.fail(thrown);
      const instead = endpoint.failed(error, message);
      if (instead === undefined) throw error;
      return instead;
    }
  }

  /** Whatever ends a stream from without; answers how to stop waiting for it. */
  #watch(answers: Answers<O>, leaving: AbortSignal): (() => void)[] {
    const { idleStreamMs, recheckCallerMs } = this.#deps.limits;
    const { signal } = this.head;
    let round = 0;
    const look = setInterval(() => {
      if (answers.idleMs() > idleStreamMs) answers.stop(idleTooLong());
      round += 1;
      if (this.caller.kind === 'user' && round % ROUNDS_OF_USERS !== 0) return;
      this.#lookAgain().catch((thrown) => answers.stop(thrown));
    }, recheckCallerMs);
    const timer = setTimeout(
      () => answers.stop(deadlineExceeded()),
      Math.min(this.timeoutMs ?? LONGEST_TIMER_MS, LONGEST_TIMER_MS),
    );
    const onDrain = () => answers.stop(draining());
    if (leaving.aborted) onDrain();
    leaving.addEventListener('abort', onDrain);
    const gone = { handleEvent: () => answers.stop(clientGone()) };
    if (signal?.aborted) gone.handleEvent();
    signal?.addEventListener('abort', gone);
    return [
      () => clearInterval(look),
      () => clearTimeout(timer),
      () => leaving.removeEventListener('abort', onDrain),
      () => signal?.removeEventListener('abort', gone),
    ];
  }

  /** Whether the caller may still go on. */
  async #lookAgain(): Promise<void> {
    await this.recheck();
    if (this.#first !== undefined) await this.authorise(this.#first);
  }
}

function headOfMessages(head: Head): Head {
  const { verb, path, query, authority, peer } = head;
  return {
    ...{ verb, path, query, authority, peer, timeoutHeader: undefined },
    header: (name) => head.header(name),
    headerValues: (name) => head.headerValues(name),
  };
}

function idleTooLong(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'nothing has moved on the stream for too long');
}
