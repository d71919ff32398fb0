import type { Message } from '@bufbuild/protobuf';
import { SignumError } from '../domain/errors.ts';
import { cancelled } from './deadline.ts';

export interface ConversationOptions {
  readonly messages: AsyncIterable<Message>;
  /** Answers one message. A rejection ends the conversation. */
  answer(message: Message): Promise<Message>;
  /** Messages that may be worked on, or lie answered, at once; 1 or more. */
  readonly maxUnderway: number;
  /** Monotonic milliseconds, as `performance.now()`. */
  now(): number;
}

/** A message that has been taken up. */
interface Turn {
  answer?: Message;
  failure?: { readonly thrown: unknown };
}

/**
 * Answers messages in their order while reading ahead a little. What bounds it are the turns: a
 * message takes one when it is read, and gives it back when the reader takes its answer. So a
 * reader that is slow stops the reading, and all that a stream can hold is `maxUnderway` messages.
 *
 * However it ends, the turns that were begun are answered first.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #source: AsyncIterator<Message>;
  readonly #turns: Turn[] = [];
  #isReading = false;
  #end: { readonly thrown?: unknown } | undefined;
  #movedAtMs: number;
  #wake = () => {};

  constructor(options: ConversationOptions) {
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

  /** For the signal of a client that goes away. */
  handleEvent(): void {
    this.stop(cancelled());
  }

  async *answers(): AsyncGenerator<Message> {
    for (;;) {
      this.#read();
      const [turn] = this.#turns;
      if (turn?.failure) throw turn.failure.thrown;
      if (turn?.answer) {
        this.#turns.shift();
        this.#read();
        yield turn.answer;
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

  #take(message: Message): void {
    // It came after the end; that it has no answer tells the client so.
    if (this.#end) return;
    this.#movedAtMs = this.#options.now();
    const turn: Turn = {};
    this.#turns.push(turn);
    void this.#options
      .answer(message)
      .then(
        (answer) => {
          turn.answer = answer;
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

export function idleTooLong(): SignumError {
  return new SignumError('DEADLINE_EXCEEDED', 'nothing has moved on the stream for too long');
}

export function draining(): SignumError {
  return new SignumError('DRAINING', 'the server is shutting down');
}
