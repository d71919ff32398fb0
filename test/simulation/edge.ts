import { createConfirm } from '../../packages/edge/src/core/confirm.ts';
import { createKnownTokens, type TokenKind } from '../../packages/edge/src/core/known-tokens.ts';
import { createMirror, type Mirror } from '../../packages/edge/src/core/mirror.ts';
import { createVerifier } from '../../packages/edge/src/core/verifier.ts';
import type { Entry, Store, Token } from './store.ts';
import type { Connection, Delivered, Server, Subscriber } from './subscriber.ts';
import { createChannel, createClock, type SimulatedClock, type World } from './world.ts';

export const RENEW_MS = 250;
const SLOWEST_ANSWER_MS = 1_200;
const REQUIREMENTS = { scopes: ['read'], audiences: ['api'] };

export interface Edge {
  readonly name: string;
  readonly clock: SimulatedClock;
  /** Whether it accepts a token by itself, and at what true time it last looked at a clock. */
  accepts(token: Token): {
    readonly accepted: boolean;
    readonly lookedMs: number;
    readonly stalenessMs: number;
  };
  connect(server: Server): void;
  disconnect(): void;
  /** Asks for a lease at once. */
  renew(): void;
  /** Applies nothing for a while, as when it is stopped. */
  sleep(durationMs: number, isSuspended: boolean): void;
  /** Lets time pass for everybody else in the middle of what it does next. */
  pauseWithin(durationMs: number): void;
  stop(): void;
  readonly mirror: Mirror;
  readonly isConnected: boolean;
}

/** Tells what must not happen. */
export type Complain = (rule: string, what: string) => void;

export function createEdge(
  world: World,
  {
    name,
    store,
    complain,
    servers,
  }: {
    readonly name: string;
    readonly store: Store;
    readonly complain: Complain;
    /** Whom it may ask. */
    readonly servers: () => readonly Server[];
  },
): Edge {
  const { random } = world;
  const clock = createClock(world);
  let pauseMs = 0;
  let lookedMs = 0;

  /** A pause comes between what was looked up and the last look at a clock. */
  const watched = {
    wallMs: () => {
      const read = clock.wallMs();
      lookedMs = world.now();
      pause();
      return read;
    },
    monotonicMs: () => {
      const read = clock.monotonicMs();
      lookedMs = world.now();
      pause();
      return read;
    },
    uptimeMs: clock.uptimeMs,
    uptimeStepMs: clock.uptimeStepMs,
  };

  function pause(): void {
    if (pauseMs === 0) return;
    const duration = pauseMs;
    pauseMs = 0;
    asleep += 1;
    world.runUntil(world.now() + duration);
    asleep -= 1;
  }

  const mirror = createMirror({
    clock: watched,
    onDeployment: () => known.clear(),
    onKeys: () => {},
  });
  const known = createKnownTokens({ maxTokens: 16 });
  const verify = createVerifier({
    clock: watched,
    mirror,
    known,
    readToken: (text) => ({ facts: factsOf(store.tokens[Number(text.split('.')[1])] as Token) }),
    hasKey: () => true,
    judgeKey: () => 'PROVEN',
  });

  const confirm = createConfirm({ clock, mirror, known });

  /** Asks any server about a token; the answer may be long on its way. */
  function askServer(token: Token): void {
    const confirmed = confirm(textOf(token));
    const server = random.pick(servers());
    world.after(random.next() ** 3 * world.slowestMs, () => {
      server.validate(token, (isLive) => {
        world.after(random.next() ** 3 * SLOWEST_ANSWER_MS, () => {
          if (isLive && isUp) confirmed();
        });
      });
    });
  }

  let connection: Connection | undefined;
  /** What the server delivers to; another one for each connection. */
  let current: Subscriber | undefined;
  let upwards = createChannel(world);
  let queue: Delivered[] = [];
  /** By how many causes it does nothing at the moment. */
  let asleep = 0;
  let isUp = true;
  let renewal = 0;
  /** Of each partition that is told: revisions of ends since its snapshot. */
  const heard = new Map<number, number>();

  function deliver(delivered: Delivered): void {
    if (!isUp) return;
    queue.push(delivered);
    applyAll();
  }

  function applyAll(): void {
    while (asleep === 0 && queue.length > 0) apply(queue.shift() as Delivered);
    if (asleep === 0) connection?.reads();
  }

  function apply({ message, committed }: Delivered): void {
    const applied = mirror.apply(message);
    if (applied === 'BROKEN') {
      complain(
        'told in order, once',
        `${name} cannot join on message ${message.sequence}, ${message.parts.map(({ kind }) => kind)}`,
      );
      disconnect();
      return;
    }
    for (const part of message.parts) {
      if (part.kind !== 'EVENTS') continue;
      for (const { partition, revision } of part.events) heard.set(partition, revision);
    }
    for (const [partition, log] of committed) missesNothing(partition, log);
    const { sequence } = mirror;
    if (applied === 'ACKNOWLEDGE') upwards.send(() => connection?.acknowledge(sequence));
  }

  /** After a checkpoint every end that was committed before it is known. */
  function missesNothing(partition: number, log: readonly Entry[]): void {
    const words = new Uint32Array(4);
    for (const { change, revision } of log) {
      if (change === undefined || !('token' in change)) continue;
      const { token } = change;
      const view = new DataView(token.idBytes.buffer);
      for (let i = 0; i < 4; i += 1) words[i] = view.getUint32(4 * i);
      if (mirror.ended.reasonOf(words, 0, token.expiresAtS) !== 0) continue;
      complain(
        'misses nothing',
        `${name} was not told revision ${revision} of partition ${partition}`,
      );
    }
  }

  function renew(): void {
    if (asleep > 0) return;
    mirror.lease?.compareClocks();
    if (!connection || mirror.sequence === 0) return;
    renewal += 1;
    const [asked, applied, to] = [renewal, mirror.sequence, connection];
    mirror.lease?.asked(asked);
    upwards.send(() => to.renew(asked, applied));
  }

  function renewAgain(): void {
    renew();
    if (isUp) world.after(RENEW_MS * (0.5 + random.next()), renewAgain);
  }

  function disconnect(): void {
    const was = connection;
    connection = undefined;
    current = undefined;
    upwards.cut();
    queue = [];
    // The server hears of it later.
    if (was) world.after(random.next() * world.slowestMs, was.cut);
  }

  function connect(server: Server): void {
    if (!isUp || asleep > 0) return;
    disconnect();
    mirror.connecting();
    upwards = createChannel(world);
    const places = mirror.cursor()?.partitions ?? [];
    const cursor = new Map(places.map((place) => [place.partition, place]));
    const subscriber: Subscriber = {
      cursor,
      deliver: (delivered) => {
        if (current === subscriber) deliver(delivered);
      },
      readsNow: () => queue.length < 4,
      closed: () => {
        if (current === subscriber) disconnect();
      },
    };
    current = subscriber;
    connection = server.subscribe(subscriber);
    world.note(() => `${name} connects to ${server.name}`);
  }

  world.after(random.next() * RENEW_MS, renewAgain);

  return {
    name,
    clock,
    mirror,
    accepts(token) {
      if (asleep > 0) return { accepted: false, lookedMs: world.now(), stalenessMs: 0 };
      const { answer } = verify(textOf(token), REQUIREMENTS);
      const accepted = answer === 'ACTIVE';
      if (answer === 'UNSURE') askServer(token);
      // Asking how stale it is looks at the clocks as well.
      const answeredBy = lookedMs;
      const stalenessMs = accepted ? (mirror.lease?.stalenessMs() ?? 0) : 0;
      return { accepted, lookedMs: answeredBy, stalenessMs };
    },
    connect,
    disconnect,
    renew,
    sleep(durationMs, isSuspended) {
      // What goes on cannot end before the machine wakes; so a machine that sleeps is not put to sleep.
      if (isSuspended && asleep > 0) return;
      asleep += 1;
      if (isSuspended) clock.sleptFor(durationMs);
      world.after(durationMs, () => {
        asleep -= 1;
        applyAll();
      });
    },
    pauseWithin(durationMs) {
      pauseMs = durationMs;
    },
    stop() {
      isUp = false;
      disconnect();
    },
    get isConnected() {
      return connection !== undefined;
    },
  };
}

function textOf({ name }: Token): string {
  return `${'x'.repeat(12)}.${name}.${'y'.repeat(12)}`;
}

const KIND: Omit<TokenKind, 'tenantId'> = { keyId: 'k', scopes: ['read'], audiences: ['api'] };
const KINDS = new Map(
  ['tenant-0', 'tenant-1'].map((tenantId) => [tenantId, { ...KIND, tenantId }]),
);

function factsOf({ tokenId, partition, issuedAtS, expiresAtS, tenantId }: Token) {
  const kind = KINDS.get(tenantId) as TokenKind;
  return { tokenId, partition, issuedAtS, expiresAtS, kind };
}
