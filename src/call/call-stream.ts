export interface CallStreamOptions<I, O> {
  readonly messages: AsyncIterable<I>;
  /** Answers one message. A rejection ends the stream. */
  answer(message: I): Promise<O>;
  /** Messages that may be worked on, or lie answered, at once; 1 or more. */
  readonly maxUnderway: number;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/** A message that has been taken up. */
interface Turn<O> {
  answer?: { readonly value: O };
  failure?: { readonly thrown: unknown };
}

/**
 * Answers messages in their order while reading ahead a little. What bounds it are the turns: a
 * message takes one when it is read, and gives it back when the reader takes its answer. So a
 * reader that is slow stops the reading, and all that a stream can hold is `maxUnderway` messages.
 *
 * However it ends, the turns that were begun are answered first.
 */
export class CallStream<I, O> {
  readonly #options: CallStreamOptions<I, O>;
  readonly #source: AsyncIterator<I>;
  readonly #turns: Turn<O>[] = [];
  #isReading = false;
  #end: { readonly thrown?: unknown } | undefined;
  #movedAtMs: number;
  #wake = () => {};

  constructor(options: CallStreamOptions<I, O>) {
    this.#options = options;
    this.#source = options.messages[Symbol.asyncIterator]();
    this.#movedAtMs = options.now();
  }

  /** For how long neither a message has come nor an answer has been taken. */
  idleMs(): number {
    return this.#options.now() - this.#movedAtMs;
  }

  /** Takes up nothing more; the first reason given is the one. */
  stop(thrown: unknown): void {
    this.#finish({ thrown });
  }

  async *answers(): AsyncGenerator<O> {
    for (;;) {
      this.#read();
      const [turn] = this.#turns;
      if (turn?.failure) throw turn.failure.thrown;
      if (turn?.answer) {
        this.#turns.shift();
        this.#read();
        yield turn.answer.value;
        this.#movedAtMs = this.#options.now();
      } else if (turn === undefined && this.#end !== undefined) {
        if ('thrown' in this.#end) throw this.#end.thrown;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #read(): void {
    if (this.#isReading || this.#end || this.#turns.length >= this.#options.maxUnderway) return;
    this.#isReading = true;
    this.#source.next().then(
      ({ done, value }) => {
        this.#isReading = false;
        if (done) this.#finish({});
        else this.#take(value);
      },
      (thrown) => this.stop(thrown),
    );
  }

  #take(message: I): void {
    // It came after the end; that it has no answer tells the client so.
    if (this.#end) return;
    this.#movedAtMs = this.#options.now();
    const turn: Turn<O> = {};
    this.#turns.push(turn);
    void this.#options
      .answer(message)
      .then(
        (answer) => {
          turn.answer = { value: answer };
        },
        (thrown) => {
          turn.failure = { thrown };
          this.stop(thrown);
        },
      )
      .then(() => this.#wake());
    this.#read();
  }

  #finish(end: { readonly thrown?: unknown }): void {
    this.#end ??= end;
    this.#wake();
  }
}
