import type { Client } from '@connectrpc/connect';
import { ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema } from '@signum/contract/google/rpc/error_details_pb.js';
import { type TokenService, Verdict } from '@signum/contract/signum/v1/token_service_pb.js';
import type { DeviceRef } from '@signum/token';
import fc from 'fast-check';
import type { Model } from './model.ts';

export type Tokens = Client<typeof TokenService>;

/** The system under test: a client, and a way to let a device's session reach its end. */
export interface Real {
  readonly tokens: Tokens;
  readonly devices: readonly DeviceRef[];
  expire(device: DeviceRef): Promise<void>;
}

export type Operation =
  | {
      readonly do: 'issue' | 'revoke-device' | 'revoke-token' | 'revoke-user' | 'expire';
      readonly device: number;
    }
  | { readonly do: 'refresh'; readonly device: number; readonly behind: number }
  | { readonly do: 'revoke-tenant'; readonly device: number };

/** Tenants, users and devices whose ids try to be something else. Two users, two devices each. */
export function hostileDevices(run: number): DeviceRef[] {
  const tenants = [`a:b{x}*${run}`, `a%3Ab}{${run}`];
  const users = [`${run}🗝️:{`, 'ü'.repeat(120) + '%7B'.repeat(5)];
  const devices = ['*', `}{:%25${'d'.repeat(248)}`];
  return tenants.flatMap((tenantId, i) =>
    devices.map((deviceId) => ({ tenantId, userId: users[i] as string, deviceId })),
  );
}

const device = fc.nat({ max: 3 });

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('issue' as const), device }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      device,
      behind: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke-device' as const, 'revoke-token' as const, 'expire' as const),
      device,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke-user' as const, 'revoke-tenant' as const),
      device,
    }),
  },
);

/** Carries one operation out on both, and compares what they say of it. */
export async function apply(operation: Operation, real: Real, model: Model): Promise<void> {
  const ref = real.devices[operation.device] as DeviceRef;
  const key = keyOf(ref);
  switch (operation.do) {
    case 'issue': {
      const { tokens } = await real.tokens.issue({ device: ref });
      model.issue(key, tokens?.accessToken ?? '', tokens?.refreshToken ?? '');
      return;
    }
    case 'refresh':
      return refresh(operation.behind, key, real, model);
    case 'revoke-device': {
      const { revokedCount } = await real.tokens.revoke({
        subject: { case: 'device', value: ref },
      });
      expectEqual(revokedCount, model.end(key) ? 1 : 0, 'revoked_count');
      return;
    }
    case 'revoke-token': {
      const token = model.current(key);
      if (!token) return;
      const { revokedCount } = await real.tokens.revoke({
        subject: { case: 'token', value: token },
      });
      expectEqual(revokedCount, model.end(key) ? 1 : 0, 'revoked_count');
      return;
    }
    case 'revoke-user': {
      const { tenantId, userId } = ref;
      const { revokedCount } = await real.tokens.revokeUser({ tenantId, userId });
      expectEqual(
        revokedCount,
        endAll(real, model, (other) => other.userId === userId),
        'revoked_count',
      );
      return;
    }
    case 'revoke-tenant':
      await real.tokens.revokeTenant({ tenantId: ref.tenantId });
      endAll(real, model, (other) => other.tenantId === ref.tenantId);
      return;
    case 'expire':
      await real.expire(ref);
      model.end(key, Verdict.EXPIRED);
  }
}

async function refresh(behind: number, key: string, real: Real, model: Model): Promise<void> {
  const refreshToken = model.refreshToken(key, behind);
  if (!refreshToken) return;
  const expected = model.expectRefresh(key, behind);
  try {
    const { tokens, replayed } = await real.tokens.refresh({ refreshToken });
    expectEqual(replayed ? 'REPLAYED' : 'ROTATED', expected, 'refresh');
    if (!replayed) model.rotate(key, tokens?.accessToken ?? '', tokens?.refreshToken ?? '');
  } catch (error) {
    expectEqual(reasonOf(error), 'REFRESH_REUSED', 'refresh');
    expectEqual(expected, 'REUSED', 'refresh');
    model.end(key);
  }
}

/** Every access token there has been is exactly what the model says, by token and by ids. */
export async function compareAll(real: Real, model: Model): Promise<void> {
  const known = [...model.verdicts];
  if (known.length === 0) return;
  const { results } = await real.tokens.batchValidate({
    items: known.map(([token]) => ({ subject: { case: 'token' as const, value: token } })),
  });
  for (const [i, [, verdict]] of known.entries()) {
    const { result } = results[i] ?? {};
    if (result?.case !== 'response') throw new Error(`item ${i}: ${result?.value?.message}`);
    expectEqual(Verdict[result.value.verdict], Verdict[verdict], `verdict ${i}`);
    expectEqual(result.value.active, verdict === Verdict.ACTIVE, `active ${i}`);
    if (!result.value.token) continue;
    const byIds = await real.tokens.validate({
      subject: { case: 'ids', value: result.value.token },
    });
    expectEqual(Verdict[byIds.verdict], Verdict[verdict], `by ids ${i}`);
  }
}

export function keyOf({ tenantId, userId, deviceId }: DeviceRef): string {
  return JSON.stringify([tenantId, userId, deviceId]);
}

export function reasonOf(error: unknown): string {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  return info?.reason ?? `no reason: ${String(error)}`;
}

function endAll(real: Real, model: Model, chosen: (device: DeviceRef) => boolean): number {
  return real.devices.filter(chosen).filter((device) => model.end(keyOf(device))).length;
}

function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected)
    throw new Error(`${what}: ${String(actual)}, the model says ${String(expected)}`);
}
