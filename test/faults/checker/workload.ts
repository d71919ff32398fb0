import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Json, type Outcome } from './call.ts';
import { type HeldToken, heldOf } from './held-token.ts';
import type { Judge } from './judge.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';
import type { SignumProcess } from './signum-process.ts';
import { twinOf } from './twin.ts';

export interface WorkloadParts {
  readonly servers: readonly SignumProcess[];
  readonly judge: Judge;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Replicas that an acknowledged revocation must be on. */
  readonly replicas: number;
  /** A revocation that nothing takes back has been acknowledged. */
  onEnded(token: HeldToken): void;
  isOver(): boolean;
}

const DEADLINE_MS = 800;
const SHORT_DEADLINE_MS = 120;
const GRAVEYARD = 512;
const BATCH = 32;

/**
 * Clients that issue, refresh, validate and revoke, each on devices of its own, so that each knows
 * what should be true; all of them look at everybody's dead tokens.
 */
export class Workload {
  readonly #parts: WorkloadParts;
  /** Revoked for certain, the newest last. */
  readonly #graveyard: HeldToken[] = [];
  /** Not revoked by anybody; superseded when their client comes round again. */
  #tablets: readonly HeldToken[] = [];

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
  }

  async #client(index: number): Promise<void> {
    for (let round = 0; !this.#parts.isOver(); round++) {
      const user = `user-${index}-${round % 50}`;
      const [phone] = await this.#issue(user, 'phone', this.#chance(0.15) ? 4 : 1);
      if (!phone) {
        // Whoever cannot get a new token still has an old one.
        const old = this.#tablets.length > 0 && this.#parts.random.pick(this.#tablets);
        if (old) await this.#validate(old);
        await sleep(20);
        continue;
      }
      const [tablet] = await this.#issue(user, 'tablet', 1);
      if (tablet) this.#tablets = [...this.#tablets.slice(-99), tablet];
      await this.#validate(phone);
      const current = await this.#live(phone, tablet);
      await this.#visitGraveyard();
      if (tablet) await this.#validate(tablet);
      if (await this.#revoke(current)) await this.#validate(current, 3);
    }
  }

  /** Something between issue and revoke; returns the token that may be current now. */
  async #live(phone: HeldToken, tablet: HeldToken | undefined): Promise<HeldToken> {
    const kind = this.#parts.random.pick(['nothing', 'refresh', 'race', 'reuse'] as const);
    if (kind === 'nothing') return phone;
    const racers = await this.#refresh(phone, kind === 'race' ? 3 : 1);
    const second = racers[0];
    if (!second) return phone;
    await this.#validate(second);
    await this.#validate(phone);
    if (kind !== 'reuse') return second;
    const [third] = await this.#refresh(second, 1);
    if (!third) return second;
    // Two generations behind: a thief. It costs the session its life, and no other session.
    this.#parts.judge.mayEnd(third, 'reuse of its grandmother');
    const thief = await this.#call('Refresh', { refreshToken: phone.refresh });
    if (!thief.ok && thief.reason === 'REFRESH_REUSED' && this.#parts.replicas === 0) {
      this.#parts.judge.ended(third, thief.returnedMs, 'refresh reuse');
    }
    await this.#validate(third);
    if (tablet) await this.#validate(tablet);
    return third;
  }

  async #issue(user: string, device: string, racers: number): Promise<HeldToken[]> {
    const { judge } = this.#parts;
    const deviceKey = `${user}/${device}`;
    const before = this.#heldOf(deviceKey);
    for (const token of before) judge.mayEnd(token, 'issue begins');
    const ref = { tenantId: 'acme', userId: user, deviceId: device };
    const calls = await Promise.all(
      Array.from({ length: racers }, async () => {
        // With a request id, doing it twice would pass unnoticed.
        const again = this.#chance(0.5) ? { requestId: randomUUID() } : {};
        const outcome = await this.#call('Issue', { device: ref, ...again });
        const token = outcome.ok ? heldOf(outcome.value, ref, 0) : undefined;
        return { outcome, token };
      }),
    );
    const tokens: HeldToken[] = [];
    for (const { outcome, token } of calls) {
      if (!token) continue;
      if (racers > 1) judge.mayEnd(token, 'issued in a race');
      judge.issued(token, outcome, before);
      tokens.push(token);
    }
    this.#held.set(deviceKey, [...before.slice(-3), ...tokens]);
    // Of racers, only one can be current: whoever is seen valid is it.
    if (tokens.length > 1) for (const token of tokens) await this.#validate(token);
    const alive = tokens.filter((token) => token.endedMs === Number.POSITIVE_INFINITY);
    return alive.length > 0 ? alive.slice(-1) : tokens.slice(-1);
  }

  async #refresh(token: HeldToken, racers: number): Promise<HeldToken[]> {
    const { judge } = this.#parts;
    judge.mayEnd(token, 'refresh begins');
    const outcomes = await Promise.all(
      Array.from({ length: racers }, () => this.#call('Refresh', { refreshToken: token.refresh })),
    );
    const successors = new Map<string, HeldToken>();
    for (const outcome of outcomes) {
      if (!outcome.ok) continue;
      const successor = heldOf(outcome.value, deviceOf(token), token.generation + 1);
      const known = successors.get(successor.id) ?? successor;
      if (known === successor) judge.issued(successor, outcome, []);
      // A call that failed may still be under way, and rotate once more what it can.
      judge.refreshed(token, known, outcome);
      successors.set(successor.id, known);
    }
    const all = [...successors.values()];
    this.#held.set(token.deviceKey, [...this.#heldOf(token.deviceKey).slice(-3), ...all]);
    return all;
  }

  /** Returns whether the revocation was acknowledged as durable as the topology needs. */
  async #revoke(token: HeldToken): Promise<boolean> {
    const { judge, replicas, isOver } = this.#parts;
    judge.mayEnd(token, 'revoke begins');
    for (let attempt = 0; attempt < 20 && !isOver(); attempt++) {
      const durability = replicas > 0 ? { durability: { replicas } } : {};
      const outcome = await this.#call('Revoke', { token: token.access, ...durability });
      if (outcome.ok) {
        const { revokedCount: ended = 0 } = outcome.value;
        judge.ended(token, outcome.returnedMs, `revoke acknowledged, ${ended} ended`);
        // A failover may have lost the Issue or Refresh that it came from: then nothing was there to end.
        if (replicas === 0 || (ended === 1 && token.generation === 0)) this.#parts.onEnded(token);
        this.#graveyard.push(token);
        if (this.#graveyard.length > GRAVEYARD) this.#graveyard.shift();
        return true;
      }
      await sleep(50);
    }
    return false;
  }

  async #validate(token: HeldToken, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      const twin = this.#chance(0.2);
      const deadlineMs = this.#chance(0.1) ? SHORT_DEADLINE_MS : DEADLINE_MS;
      const message = { token: twin ? twinOf(token.access) : token.access };
      const outcome = await this.#call('Validate', message, deadlineMs);
      if (!outcome.ok) continue;
      const verdict = String(outcome.value['verdict']);
      this.#parts.judge.validated(token, verdict, outcome, twin ? 'validate twin' : 'validate');
    }
  }

  async #visitGraveyard(): Promise<void> {
    const dead = Array.from({ length: Math.min(BATCH, this.#graveyard.length) }, () =>
      this.#parts.random.pick(this.#graveyard),
    );
    if (dead.length === 0) return;
    const items = dead.map(({ access }) => ({ token: access }));
    const outcome = await this.#call('BatchValidate', { items });
    if (!outcome.ok) return;
    const results = outcome.value['results'] as { response?: Json }[];
    results.forEach(({ response }, i) => {
      const token = dead[i];
      if (!response || !token) return;
      this.#parts.judge.validated(token, String(response['verdict']), outcome, 'batch');
    });
  }

  async #call(method: string, message: Json, deadlineMs = DEADLINE_MS): Promise<Outcome> {
    const server = this.#parts.random.pick(this.#parts.servers);
    const outcome = await call(server, method, message, deadlineMs);
    this.#parts.recorder.note(server, method, outcome);
    // A server that is down answers at once; so would the next call, and the next.
    if (!outcome.ok && outcome.reason === 'SERVER_GONE') await sleep(20);
    return outcome;
  }

  readonly #held = new Map<string, readonly HeldToken[]>();

  #heldOf(deviceKey: string): readonly HeldToken[] {
    return this.#held.get(deviceKey) ?? [];
  }

  #chance(probability: number): boolean {
    return this.#parts.random.next() < probability;
  }
}

function deviceOf({ deviceKey }: HeldToken): Json {
  const [userId, deviceId] = deviceKey.split('/');
  return { tenantId: 'acme', userId, deviceId };
}
