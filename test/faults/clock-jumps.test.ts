import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { libfaketime } from '../setup/tools.ts';
import { until } from '../setup/until.ts';
import { call, type Json } from './checker/call.ts';
import { type Rig, startRig } from './checker/rig.ts';
import { newDeployment, SignumProcess } from './checker/signum-process.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LIBRARY = libfaketime();
const WHY = LIBRARY === undefined ? ' (skipped: it takes libfaketime)' : '';
const DEADLINE_MS = 5_000;
const TOLERANCE_S = 60;

describe.skipIf(LIBRARY === undefined)(`a server whose clock jumps${WHY}`, () => {
  let dir: string;
  let rig: Rig;
  let sound: SignumProcess;
  let jumping: SignumProcess;
  const setClock = (offset: string) => writeFileSync(join(dir, 'clock'), `${offset}\n`);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'signum-test-clock-'));
    setClock('+0');
    rig = await startRig('standalone', { extraArgs: [] });
    const deployment = await newDeployment(dir, rig.url, undefined);
    sound = await SignumProcess.start(deployment);
    jumping = await SignumProcess.start(deployment, {
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: join(dir, 'clock'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
  });
  afterAll(async () => {
    for (const server of [sound, jumping]) {
      await server?.kill();
      server?.agent.destroy();
    }
    await rig?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function send(server: SignumProcess, method: string, message: Json): Promise<Json> {
    const outcome = await call(server, method, message, DEADLINE_MS);
    if (outcome.ok) return outcome.value;
    throw new Error(`${method}: ${outcome.reason}`);
  }

  test('the jump is seen by the server', async () => {
    setClock('+1h');
    // Node computes the header once a second.
    const isAhead = async () => Date.parse(await dateOf(jumping)) - Date.now() > 3_000_000;
    await until('its clock is ahead', isAhead);
    setClock('+0');
  });

  test.each(['+1h', '-1h', '+0'])('every answer stays right at %s', async (offset) => {
    const user = `user${offset}`;
    const device = (deviceId: string) => ({ tenantId: 'acme', userId: user, deviceId });
    const verdicts = (token: string) =>
      Promise.all(
        [sound, jumping].map(async (each) => (await send(each, 'Validate', { token }))['verdict']),
      );
    const old = tokensOf(await send(jumping, 'Issue', { device: device('tablet') }));
    setClock(offset);
    expect(await verdicts(old.accessToken)).toEqual(['VERDICT_ACTIVE', 'VERDICT_ACTIVE']);

    for (const [issuer, refresher, revoker] of [
      [jumping, jumping, jumping],
      [jumping, sound, jumping],
      [sound, jumping, sound],
    ] as const) {
      const issued = tokensOf(await send(issuer, 'Issue', { device: device('phone') }));
      expectRightNow(issued.accessToken);
      expect(await verdicts(issued.accessToken)).toEqual(['VERDICT_ACTIVE', 'VERDICT_ACTIVE']);
      const { refreshToken } = issued;
      const next = tokensOf(await send(refresher, 'Refresh', { refreshToken }));
      expectRightNow(next.accessToken);
      expect(await verdicts(next.accessToken)).toEqual(['VERDICT_ACTIVE', 'VERDICT_ACTIVE']);
      expect(await verdicts(issued.accessToken)).toEqual(['VERDICT_REVOKED', 'VERDICT_REVOKED']);
      await send(revoker, 'Revoke', { token: next.accessToken });
      expect(await verdicts(next.accessToken)).toEqual(['VERDICT_REVOKED', 'VERDICT_REVOKED']);
    }
    expect(await verdicts(old.accessToken)).toEqual(['VERDICT_ACTIVE', 'VERDICT_ACTIVE']);
  });
});

function tokensOf(value: Json) {
  return value['tokens'] as { accessToken: string; refreshToken: string };
}

/** Its times are those of Redis, whose clock is this machine's. */
function expectRightNow(token: string): void {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { iat, exp } = JSON.parse(payload) as { iat: number; exp: number };
  expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(TOLERANCE_S);
  expect(exp).toBeGreaterThan(Date.now() / 1000);
}

/** The server's own clock, as its HTTP answers tell it. */
async function dateOf(server: SignumProcess): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${server.opsPort}/livez`);
  await answer.text();
  return answer.headers.get('date') ?? '';
}
