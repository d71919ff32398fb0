import type { Connection } from '../client/connections.ts';
import type { Reply } from '../scripts/script.ts';
import { Outgoing, type Waiting } from './command.ts';

/**
 * Where a primary's stream of writes stands. The id is new whenever a server becomes primary or starts.
 * So the same id twice means that the server has been the primary all the while, and that what was
 * written at the first look is still there at the second.
 */
export interface History {
  readonly id: string;
  /** Everything written so far lies before it. */
  readonly offset: number;
  /** Replicas that are linked, those that are still loading too. */
  readonly linked: number;
  /** What each replica that follows has acknowledged. */
  readonly acknowledged: readonly number[];
}

/** Reads the answer to INFO replication; undefined if the server is no primary. */
export function readHistory(info: unknown): History | undefined {
  const text = String(info);
  const id = /^master_replid:([0-9a-f]+)\r?$/m.exec(text)?.[1];
  const offset = /^master_repl_offset:(\d+)\r?$/m.exec(text)?.[1];
  if (id === undefined || offset === undefined || !/^role:master\r?$/m.test(text)) return undefined;
  const replicas = [...text.matchAll(/^slave\d+:(.*?)\r?$/gm)].map(([, fields = '']) => fields);
  return {
    id,
    offset: Number(offset),
    linked: replicas.length,
    acknowledged: replicas
      .filter((fields) => fields.includes('state=online'))
      .map((fields) => Number(/\boffset=(\d+)/.exec(fields)?.[1] ?? -1)),
  };
}

/** What a script answered, and where the history that holds its effect stood right after. */
export interface Marked {
  readonly reply: Reply;
  /** Where it has run. */
  readonly connection: Connection;
  /** Undefined if the server has not been the primary throughout, or could not be asked. */
  readonly mark: History | undefined;
}

interface Known {
  readonly epoch: number;
  readonly id: string | undefined;
}

/**
 * Runs scripts so that it is known which history holds their effect. INFO goes out right behind the
 * script. That it names the same history as the last look over the same connection shows that the
 * script has run in it, and not before a change of roles that took its effect away.
 */
export class MarkedRuns {
  readonly #known = new WeakMap<Connection, Known>();

  /** `send` writes the script; what `waiting` is told is a {@link Marked}. */
  send(connection: Connection, send: (waiting: Waiting) => void, waiting: Waiting): void {
    const { wire, breaker } = connection;
    const { epoch } = breaker;
    if (this.#known.get(connection)?.epoch !== epoch) {
      wire.send(new Look((history) => this.#known.set(connection, { epoch, id: history?.id })));
    }
    let reply: Reply | undefined;
    send({
      answered: (value) => {
        reply = value as Reply;
      },
      failed: (error) => waiting.failed(error),
    });
    const finish = (history: History | undefined) => {
      const before = this.#known.get(connection);
      this.#known.set(connection, { epoch, id: history?.id });
      if (reply === undefined) return; // It has failed, and who waits knows.
      const isSame = before?.epoch === epoch && before.id === history?.id;
      waiting.answered({ reply, connection, mark: isSame ? history : undefined } satisfies Marked);
    };
    wire.send(new Look(finish));
  }
}

/** Asks a server where its history stands. */
class Look extends Outgoing {
  readonly #told: (history: History | undefined) => void;

  constructor(told: (history: History | undefined) => void) {
    super();
    this.#told = told;
  }

  encode(): string {
    return '*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n';
  }

  resolve(info: unknown): void {
    this.#told(readHistory(info));
  }

  reject(): void {
    this.#told(undefined);
  }
}
