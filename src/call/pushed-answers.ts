/**
 * The answers of a handler that writes when it has something to write, for as long as nothing ends the
 * stream from without.
 */
export class PushedAnswers<O> {
  readonly #source: AsyncIterator<O>;
  readonly #now: () => number;
  #movedAtMs: number;
  #end: { readonly thrown: unknown } | undefined;
  #waiting: ((thrown: unknown) => void) | undefined;

  /** `now`: monotonic milliseconds, as `performance.now()`. */
  constructor(source: AsyncIterable<O>, now: () => number) {
    this.#source = source[Symbol.asyncIterator]();
    this.#now = now;
    this.#movedAtMs = now();
  }

  /** For how long no answer has been taken. */
  idleMs(): number {
    return this.#now() - this.#movedAtMs;
  }

  stop(thrown: unknown): void {
    this.#end ??= { thrown };
    this.#waiting?.(this.#end.thrown);
  }

  async *answers(): AsyncGenerator<O> {
    try {
      for (;;) {
        const { done, value } = await this.#next();
        if (done) return;
        yield value;
        this.#movedAtMs = this.#now();
      }
    } finally {
      // Not waited for: a generator that waits for something ends when that has come.
      this.#source.return?.().catch(() => {});
    }
  }

  /** Not a race of promises: one that lives as long as the stream would keep every answer. */
  #next(): Promise<IteratorResult<O>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end.thrown);
        return;
      }
      this.#waiting = reject;
      this.#source.next().then(resolve, reject);
    });
  }
}
