import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Json, type Outcome } from './call.ts';
import type { TopologyName } from './rig.ts';
import type { SignumProcess } from './signum-process.ts';
import { withServers } from './with-servers.ts';

export interface RollingReport {
  readonly scenario: 'rolling';
  readonly topology: TopologyName;
  readonly restarts: number;
  readonly seconds: number;
  readonly calls: number;
  /** Calls that were answered only when they were sent again, to the other server. */
  readonly sentAgain: number;
  /** Why, by reason; SERVER_GONE is a connection that was refused or closed. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

const CLIENTS = 8;
const DEADLINE_MS = 2_000;
/** Of one call: the first and those at the other server and back. */
const ATTEMPTS = 4;
const BACK_OFF_MS = 50;

/**
 * Restarts one of two servers after the other under load: SIGTERM, and a new process on the same
 * ports. The clients do what proto/signum/v1/error_reason.proto says: what is UNAVAILABLE is sent
 * again, to the other server, after what RetryInfo says.
 */
export function runRolling(topology: TopologyName, restarts: number): Promise<RollingReport> {
  return withServers(topology, async ({ servers }) => {
    const startMs = performance.now();
    const counts = { calls: 0, sentAgain: 0 };
    const refusals: Record<string, number> = {};
    const failed: Record<string, number> = {};
    let isOver = false;

    const send = async (first: number, method: string, message: Json): Promise<Json> => {
      counts.calls += 1;
      let outcome: Outcome | undefined;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt === 1) counts.sentAgain += 1;
        const server = servers[(first + attempt) % servers.length] as SignumProcess;
        outcome = await call(server, method, message, DEADLINE_MS);
        if (outcome.ok) return outcome.value;
        const { reason, code, retryAfterMs } = outcome;
        if (code !== 'unavailable') break;
        refusals[reason] = (refusals[reason] ?? 0) + 1;
        await sleep(retryAfterMs ?? BACK_OFF_MS);
      }
      const name = `${method} ${outcome?.ok === false ? outcome.reason : ''}`;
      failed[name] = (failed[name] ?? 0) + 1;
      return {};
    };
    const client = async (index: number) => {
      for (let turn = index; !isOver; turn++) {
        const device = { tenantId: 'acme', userId: `rolling-${index}`, deviceId: 'phone' };
        const issued = tokensOf(await send(turn, 'Issue', { device, requestId: randomUUID() }));
        if (!issued) continue;
        await expectActive(turn + 1, issued.accessToken, true);
        const next = tokensOf(await send(turn, 'Refresh', { refreshToken: issued.refreshToken }));
        if (!next) continue;
        await expectActive(turn + 1, next.accessToken, true);
        await send(turn, 'Revoke', { token: next.accessToken });
        await expectActive(turn + 1, next.accessToken, false);
        await sleep(5);
      }
    };
    const expectActive = async (first: number, token: string, isActive: boolean) => {
      const { verdict } = await send(first, 'Validate', { token });
      // Without one the call has failed, and is counted.
      if (verdict === undefined || (verdict === 'VERDICT_ACTIVE') === isActive) return;
      const name = `Validate ${verdict} of ${isActive ? 'a live' : 'a revoked'} token`;
      failed[name] = (failed[name] ?? 0) + 1;
    };

    const running = Array.from({ length: CLIENTS }, (_, i) => client(i));
    for (let i = 0; i < restarts; i++) {
      const server = servers[i % servers.length] as SignumProcess;
      await sleep(200);
      await server.terminate();
      await server.start();
    }
    isOver = true;
    await Promise.all(running);
    return {
      scenario: 'rolling',
      topology,
      restarts,
      seconds: Math.round((performance.now() - startMs) / 1000),
      ...counts,
      refusals,
      failed,
      violations: Object.entries(failed).map(([name, times]) => `${times} × ${name}`),
    };
  });
}

function tokensOf(value: Json) {
  return value['tokens'] as { accessToken: string; refreshToken: string } | undefined;
}
