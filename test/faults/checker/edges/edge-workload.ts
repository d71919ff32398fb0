import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Json, type Outcome } from '../call.ts';
import { type HeldToken, heldOf } from '../held-token.ts';
import type { WorkloadParts } from '../workload.ts';
import type { EdgeFleet } from './fleet.ts';

const DEADLINE_MS = 800;
/** A fence may wait for a lease, and after a failover for what comes on top. */
const FENCE_DEADLINE_MS = 6_000;
const ATTEMPTS = 20;

/** How a token is ended. Those that do not wait for replicas count where nothing is ever lost. */
const HOWS = ['revoke', 'revoke', 'user', 'tenant', 'supersede', 'refresh', 'unfenced'] as const;
type How = (typeof HOWS)[number];

/** Clients whose tokens every edge looks at, and who wait until no edge accepts what they have ended. */
export class EdgeWorkload {
  readonly #parts: WorkloadParts;
  readonly #fleet: EdgeFleet;

  constructor(parts: WorkloadParts, fleet: EdgeFleet) {
    this.#parts = parts;
    this.#fleet = fleet;
  }

  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
  }

  async #client(index: number): Promise<void> {
    const { random, isOver } = this.#parts;
    for (let round = 0; !isOver(); round += 1) {
      const how = random.pick(HOWS);
      const device = {
        tenantId: how === 'tenant' ? `tenant-${index}-${round}` : 'acme',
        userId: `edge-${index}-${round}`,
        deviceId: 'phone',
      };
      const issued = await this.#call('Issue', { device });
      if (!issued.ok) {
        await sleep(50);
        continue;
      }
      const token = heldOf(issued.value, device, 0);
      this.#parts.judge.issued(token, issued, []);
      this.#fleet.watch(token);
      // So long at least that some of the edges have seen it.
      await sleep(random.between(5, 100));
      await this.#end(how, token, device);
    }
  }

  async #end(how: How, token: HeldToken, device: Json): Promise<void> {
    const { judge, replicas, isOver } = this.#parts;
    judge.mayEnd(token, how);
    const isWaited = how !== 'refresh' && how !== 'unfenced';
    const isLasting = replicas === 0 || (how !== 'refresh' && how !== 'supersede');
    const [method, message] = this.#request(how, token, device);
    for (let attempt = 0; attempt < ATTEMPTS && !isOver(); attempt += 1) {
      const outcome = await this.#call(method, message, isWaited ? FENCE_DEADLINE_MS : DEADLINE_MS);
      if (outcome.ok) {
        const { revokedCount: ended = 0 } = outcome.value;
        if (!isLasting) return;
        judge.ended(token, outcome.returnedMs, `${how} acknowledged, ${ended} ended`);
        // A failover may have lost the session: then the user has nothing to end, and no end is told.
        const isTold = replicas === 0 || how !== 'user' || Number(ended) > 0;
        const tenantId = how === 'tenant' ? String(device['tenantId']) : undefined;
        if (isTold) this.#fleet.acknowledged(token, tenantId);
        if (isWaited) this.#fleet.judge.fenced(token, outcome.returnedMs);
        return;
      }
      // Whether it was superseded or rotated, nobody knows now.
      if (how === 'supersede' || how === 'refresh') return;
      await sleep(50);
    }
  }

  #request(how: How, token: HeldToken, device: Json): [method: string, message: Json] {
    const { replicas } = this.#parts;
    const { tenantId, userId } = device;
    const durability = replicas > 0 ? { durability: { replicas } } : {};
    const lasting = { ...durability, fence: 'FENCE_EDGES' };
    switch (how) {
      case 'revoke':
        return ['Revoke', { token: token.access, ...lasting }];
      case 'user':
        return ['RevokeUser', { tenantId, userId, ...lasting }];
      case 'tenant':
        return ['RevokeTenant', { tenantId, ...lasting }];
      case 'supersede':
        return ['Issue', { device, fence: 'FENCE_EDGES' }];
      case 'refresh':
        return ['Refresh', { refreshToken: token.refresh }];
      case 'unfenced':
        return ['Revoke', { token: token.access, ...durability, fence: 'FENCE_NONE' }];
    }
  }

  async #call(method: string, message: Json, deadlineMs = DEADLINE_MS): Promise<Outcome> {
    const { servers, random, recorder } = this.#parts;
    const server = random.pick(servers);
    const outcome = await call(server, method, message, deadlineMs);
    const isFenced = message['fence'] === 'FENCE_EDGES';
    recorder.note(server, isFenced ? `${method} with fence` : method, outcome);
    if (!outcome.ok && outcome.reason === 'SERVER_GONE') await sleep(20);
    return outcome;
  }
}
