import type { FeedMessage, FeedPlace } from '../../packages/edge/src/core/feed-message.ts';
import type { Entry, Token, Wanted } from './store.ts';

/** What is told at once, and what only the simulation knows of it. */
export type Delivered = {
  readonly message: FeedMessage;
  /** Of a checkpoint: what each primary had committed when it was asked for. */
  readonly committed: ReadonlyMap<number, readonly Entry[]>;
};

export interface Subscriber {
  /** Starts with what an earlier stream ended with. */
  readonly cursor: ReadonlyMap<number, FeedPlace>;
  /** Takes one message; false while it does not read. */
  deliver(delivered: Delivered): void;
  readsNow(): boolean;
  closed(): void;
}

export interface Server {
  readonly name: string;
  subscribe(subscriber: Subscriber): Connection | undefined;
  /** Ends something, and tells when no edge accepts it any more. */
  revoke(partition: number, wanted: Wanted, fence: boolean): void;
  /** Looks a token up, and tells whether it is live, if it can. */
  validate(token: Token, then: (isLive: boolean) => void): void;
  /** Loses what it was told of the feed by one primary. */
  loseSource(partition: number): void;
  stop(): void;
  readonly isUp: boolean;
}

export interface Connection {
  renew(renewal: number, applied: number): void;
  acknowledge(applied: number): void;
  /** It reads again. */
  reads(): void;
  cut(): void;
}
