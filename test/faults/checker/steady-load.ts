import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Failure, type Json } from './call.ts';
import type { SignumProcess } from './signum-process.ts';

/** One call of the load and its answer; times on the monotonic clock, in milliseconds. */
export interface Answer {
  readonly server: SignumProcess;
  readonly method: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
  readonly verdict: string | undefined;
  readonly failure: Failure | undefined;
}

export interface SteadyLoad {
  readonly answers: readonly Answer[];
  /** Whether nothing has failed for so long. */
  isCalm(ms: number): boolean;
  stop(): Promise<void>;
}

const DEADLINE_MS = 2_000;
const PAUSE_MS = 10;

/** Clients that validate a token that stays valid, issue and revoke, at every server in turn. */
export async function steadyLoad(
  servers: readonly SignumProcess[],
  clients: number,
): Promise<SteadyLoad> {
  const answers: Answer[] = [];
  let isOver = false;
  let lastFailureMs = performance.now();

  const send = async (server: SignumProcess, method: string, message: Json) => {
    const outcome = await call(server, method, message, DEADLINE_MS);
    const { invokedMs: fromMs, returnedMs: toMs } = outcome;
    const value = outcome.ok ? outcome.value : {};
    const verdict = value['verdict'] === undefined ? undefined : String(value['verdict']);
    const failure = outcome.ok ? undefined : outcome;
    if (failure) lastFailureMs = toMs;
    answers.push({ server, method, fromMs, toMs, ms: toMs - fromMs, verdict, failure });
    return value;
  };
  const client = async (index: number) => {
    const device = (deviceId: string) => ({
      tenantId: 'acme',
      userId: `steady-${index}-${randomUUID()}`,
      deviceId,
    });
    const phone = device('phone');
    let token = '';
    for (let turn = index; !isOver; turn++) {
      const server = servers[turn % servers.length] as SignumProcess;
      const kind = turn % 10;
      if (token === '') token = accessOf(await send(server, 'Issue', { device: phone }));
      else if (kind === 3) await send(server, 'Issue', { device: device('tablet') });
      else if (kind === 7) await send(server, 'Revoke', { device: device('watch') });
      else await send(server, 'Validate', { token });
      await sleep(PAUSE_MS);
    }
  };
  const running = Array.from({ length: clients }, (_, i) => client(i));
  return {
    answers,
    isCalm: (ms) => performance.now() - lastFailureMs > ms,
    stop: async () => {
      isOver = true;
      await Promise.all(running);
    },
  };
}

function accessOf(value: Json): string {
  const tokens = value['tokens'] as Record<string, string> | undefined;
  return tokens?.['accessToken'] ?? '';
}
