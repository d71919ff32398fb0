import type { Redis } from 'ioredis';
import type { Outgoing } from '../../dispatch/command.ts';
import { NotSent } from '../faults.ts';
import type { Sender } from './wire.ts';

/**
 * The way of wire.ts by the public interface of the client library alone, for whoever cannot wait until
 * a release of it is supported. Each command costs more; what it does is the same.
 */
export class LibraryWire implements Sender {
  readonly #node: Redis;
  #outgoing: Outgoing[] = [];

  constructor(node: Redis) {
    this.#node = node;
  }

  send(outgoing: Outgoing): void {
    if (this.#outgoing.push(outgoing) === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (const each of outgoing) {
      if (this.#node.status !== 'ready') {
        each.reject(new NotSent('NOT_CONNECTED'));
        continue;
      }
      const [command = '', ...args] = wordsOf(each.encode());
      this.#node.call(command, ...args).then(
        (reply) => each.resolve(reply),
        (error) => each.reject(error),
      );
    }
  }
}

/** Takes a command in RESP apart again; it is whole, and ours. */
function wordsOf(command: string): string[] {
  const bytes = Buffer.from(command);
  const words: string[] = [];
  let at = bytes.indexOf('\r\n') + 2;
  while (at < bytes.length) {
    const begin = bytes.indexOf('\r\n', at) + 2;
    const length = Number(bytes.toString('latin1', at + 1, begin - 2));
    words.push(bytes.toString('utf8', begin, begin + length));
    at = begin + length + 2;
  }
  return words;
}
