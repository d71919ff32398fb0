import type { DeviceRef } from '@signum/token';
import { expect, onTestFinished, test } from 'vitest';
import { FIELD } from '../../src/store/scripts/fields.ts';
import type { Grant } from '../../src/store/scripts/grant.ts';
import { issue } from '../../src/store/sessions/issue.ts';
import { refresh } from '../../src/store/sessions/refresh.ts';
import { raiseWatermark } from '../../src/store/sessions/watermark.ts';
import type { Store } from '../../src/store/store.ts';
import { planFor, soon } from '../setup/store.ts';
import { granted, NOW_DURABLE, presented, type StoreSubject } from './store-subject.ts';

/** How sessions begin, are superseded and are refreshed. */
export function sessionsSuite(subject: StoreSubject): void {
  const { newDevice, begin, statusOf, exchange, openAnother } = subject;

  test('a new session supersedes the one on the device, whose token is remembered as superseded', async () => {
    const device = newDevice();
    const first = await begin(device);
    const outcome = await issue(subject.store, planFor(device), soon());
    expect(outcome.status).toBe('SUPERSEDED');
    expect(granted(outcome).supersededSessionId).toBe(first.sessionId);
    expect(await statusOf(device, first.tokenId)).toBe('SUPERSEDED');
    expect(await statusOf(device, granted(outcome).tokenId)).toBe('ACTIVE');
  });

  test('64 racing issues for one device leave exactly one active token', async () => {
    const device = newDevice();
    const grants = await Promise.all(Array.from({ length: 64 }, () => begin(device)));
    const statuses = await Promise.all(grants.map(({ tokenId }) => statusOf(device, tokenId)));
    expect(statuses.filter((status) => status === 'ACTIVE')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'SUPERSEDED')).toHaveLength(63);
  });

  test('the same request id answers the same session again', async () => {
    const device = newDevice();
    const requestId = '0190a0a0-0000-7000-8000-000000000001';
    const first = await begin(device, { requestId });
    const again = await issue(subject.store, planFor(device, { requestId }), soon());
    expect(again.status).toBe('REPEATED');
    expect(granted(again)).toMatchObject({ sessionId: first.sessionId, tokenId: first.tokenId });
    await begin(device);
    expect((await issue(subject.store, planFor(device, { requestId }), soon())).status).toBe(
      'MOVED_ON',
    );
  });

  test('DENY_NEW keeps the live session, REQUIRE_PROOF wants its current refresh token', async () => {
    const device = newDevice();
    const first = await begin(device);
    expect(
      (await issue(subject.store, planFor(device, { policy: 'DENY_NEW' }), soon())).status,
    ).toBe('EXISTS');
    expect(
      (await issue(subject.store, planFor(device, { policy: 'REQUIRE_PROOF' }), soon())).status,
    ).toBe('PROOF_REQUIRED');
    const proof = { sessionId: first.sessionId, generation: 0 };
    expect(
      (await issue(subject.store, planFor(device, { policy: 'REQUIRE_PROOF', proof }), soon()))
        .status,
    ).toBe('SUPERSEDED');
  });

  test('a user holds no more sessions than allowed', async () => {
    const small = await openAnother({ maxDevices: 2 });
    try {
      const device = newDevice('a');
      await issue(small, planFor(device), soon());
      await issue(small, planFor({ ...device, deviceId: 'b' }), soon());
      expect((await issue(small, planFor({ ...device, deviceId: 'c' }), soon())).status).toBe(
        'DEVICE_LIMIT',
      );
      expect((await issue(small, planFor({ ...device, deviceId: 'b' }), soon())).status).toBe(
        'SUPERSEDED',
      );
    } finally {
      await small.close();
    }
  });

  test('what a watermark has ended does not count towards the sessions that a user may hold', async () => {
    const small = await openAnother({ maxDevices: 2 });
    onTestFinished(() => small.close());
    const device = { ...newDevice('a'), tenantId: 'crowded' };
    const on = (deviceId: string) => issue(small, planFor({ ...device, deviceId }), soon());
    const dead = [granted(await on('a')), granted(await on('b'))];
    await raiseWatermark(small, { tenantId: 'crowded' }, 'test', NOW_DURABLE, soon());
    const alive = granted(await on('c'));
    expect((await on('d')).status).toBe('ISSUED');
    expect((await on('e')).status).toBe('DEVICE_LIMIT');
    expect(await statusOf({ ...device, deviceId: 'c' }, alive.tokenId)).toBe('ACTIVE');
    for (const [i, { tokenId }] of dead.entries()) {
      expect(await statusOf({ ...device, deviceId: ['a', 'b'][i] as string }, tokenId)).toBe(
        'TENANT',
      );
    }
  });

  test('nor does what is over and has not been swept yet', async () => {
    const small = await openAnother({ maxDevices: 1 });
    onTestFinished(() => small.close());
    const device = newDevice('a');
    await issue(small, planFor(device), soon());
    await subject.store.client.zadd(subject.store.keyspace.user('acme', device.userId), 1, 'a');
    const other = { ...device, deviceId: 'b' };
    expect((await issue(small, planFor(other), soon())).status).toBe('ISSUED');
    const third = { ...device, deviceId: 'c' };
    expect((await issue(small, planFor(third), soon())).status).toBe('DEVICE_LIMIT');
  });

  test('a refresh that leads to nothing is not counted against the rate of its user', async () => {
    const device = newDevice();
    const rate = { perSecond: 1 / 3600, burst: 1 };
    const grant = await begin(device);
    const plan = {
      ...{ presented: presented(device, grant), keyId: 'key-1', staleKeyId: '' },
      ...{ allowedAudiences: ['api'], rate, by: 'user' },
    };
    const again = (tokenId: string) => refresh(subject.store, { ...plan, tokenId }, soon());
    const gone = { ...plan.presented, sessionId: '0190a0a0-0000-7000-8000-00000000dead' };
    for (let i = 0; i < 3; i++) {
      const outcome = await refresh(
        subject.store,
        { ...plan, presented: gone, tokenId: 'no' },
        soon(),
      );
      expect(outcome.status).toBe('NOT_FOUND');
    }
    expect((await again('second')).status).toBe('ROTATED');
    const refused = await again('third');
    if (refused.status !== 'RATE_LIMITED') throw new Error(refused.status);
    expect(refused.waitMs).toBeGreaterThan(0);
    expect(await statusOf(device, 'second')).toBe('ACTIVE');
  });

  test('a refresh rotates once, is replayed within the grace window, and its old token is dead', async () => {
    const device = newDevice();
    const first = await begin(device);
    const rotated = await exchange(device, first, 'token-2');
    const replayed = await exchange(device, first, 'token-3');
    expect(rotated.status).toBe('ROTATED');
    expect(replayed).toMatchObject({
      status: 'REPLAYED',
      grant: { tokenId: 'token-2', generation: 1 },
    });
    expect(await statusOf(device, first.tokenId)).toBe('ROTATED');
    expect(await statusOf(device, 'token-2')).toBe('ACTIVE');
  });

  test('the grace window is that of the rotation or that of now, whichever is shorter', async () => {
    const generous = await openAnother({ graceMs: 300_000 });
    const strict = await openAnother({ graceMs: 0 });
    onTestFinished(async () => {
      await generous.close();
      await strict.close();
    });
    const on = (each: Store, device: DeviceRef, grant: Grant, tokenId: string) =>
      refresh(
        each,
        {
          ...{ presented: presented(device, grant), tokenId, keyId: 'key-1', staleKeyId: '' },
          ...{ allowedAudiences: ['api'], rate: undefined, by: 'user' },
        },
        soon(),
      );
    const device = newDevice();
    const { active } = subject.store.keyspace.place(device);
    const secondsLater = (seconds: number) =>
      subject.store.client.hincrby(active, FIELD.iat, -seconds);
    // Rotated without a window: a later one brings nothing back.
    const first = await begin(device);
    expect((await on(strict, device, first, 'second')).status).toBe('ROTATED');
    await secondsLater(2);
    expect((await on(generous, device, first, 'no')).status).toBe('REUSED');
    // Rotated with a window: one that is shorter by now ends it.
    const again = await begin(device);
    expect((await on(generous, device, again, 'third')).status).toBe('ROTATED');
    await secondsLater(200);
    expect((await on(generous, device, again, 'no')).status).toBe('REPLAYED');
    expect((await on(subject.store, device, again, 'no')).status).toBe('REUSED');
    // As earlier versions stored it.
    const old = await begin(device);
    expect((await exchange(device, old, 'fourth')).status).toBe('ROTATED');
    await subject.store.client.hset(active, FIELD.rot, 999);
    expect((await exchange(device, old, 'no')).status).toBe('REPLAYED');
  });

  test('100 racing refreshes of one token get one successor', async () => {
    const device = newDevice();
    const first = await begin(device);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => exchange(device, first, `race-${i}`)),
    );
    const successors = new Set(
      outcomes.map((outcome) => ('grant' in outcome ? outcome.grant.tokenId : outcome.status)),
    );
    expect(successors.size).toBe(1);
    expect(outcomes.filter(({ status }) => status === 'ROTATED')).toHaveLength(1);
  });

  test('an older generation ends the session of that device only', async () => {
    const device = newDevice();
    const other = { ...device, deviceId: 'tablet' };
    const bystander = await begin(other);
    const first = await begin(device);
    const second = await exchange(device, first, 'second');
    if (!('grant' in second)) throw new Error(second.status);
    await exchange(device, second.grant, 'third');
    expect((await exchange(device, first, 'thief')).status).toBe('REUSED');
    expect(await statusOf(device, 'third')).toBe('REFRESH_REUSE');
    expect(await exchange(device, second.grant, 'late')).toEqual({
      status: 'REVOKED',
      reason: 'REFRESH_REUSE',
    });
    expect(await statusOf(other, bystander.tokenId)).toBe('ACTIVE');
  });

  test('every refresh grants the spans of the first tokens again, and none past the end of the session', async () => {
    const device = newDevice();
    const { active } = subject.store.keyspace.place(device);
    const spans = (outcome: Awaited<ReturnType<typeof exchange>>) => {
      if (!('grant' in outcome)) throw new Error(outcome.status);
      const { issuedAtMs, accessExpiresAtMs, refreshExpiresAtMs } = outcome.grant;
      return [accessExpiresAtMs - issuedAtMs, refreshExpiresAtMs - issuedAtMs];
    };
    let grant = await begin(device);
    for (const tokenId of ['second', 'third']) {
      const outcome = await exchange(device, grant, tokenId);
      expect(spans(outcome)).toEqual([60_000, 600_000]);
      if ('grant' in outcome) grant = outcome.grant;
    }
    const endS = grant.issuedAtMs / 1_000 + 30;
    await subject.store.client.hset(active, FIELD.aexp, endS);
    for (const tokenId of ['last but one', 'last']) {
      const outcome = await exchange(device, grant, tokenId);
      if (!('grant' in outcome)) throw new Error(outcome.status);
      grant = outcome.grant;
      expect(grant.accessExpiresAtMs).toBe(endS * 1_000);
      expect(grant.refreshExpiresAtMs).toBe(endS * 1_000);
    }
  });
}
