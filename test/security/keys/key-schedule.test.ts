import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RootSecrets } from '../../../src/domain/root-secret.ts';
import { jwks } from '../../../src/oauth/jwks.ts';
import { createSigning } from '../../../src/signing/create-signing.ts';
import type { Store } from '../../../src/store/store.ts';
import { headOf } from '../../listeners/invoke.ts';
import { createTestRpc } from '../../listeners/test-rpc.ts';
import { KeyService, startTestServer, TokenService } from '../../setup/server.ts';
import { ACCESS_CLAIMS, newSecret, TestClock } from '../../setup/signing-fixture.ts';
import { openTestStore } from '../../setup/store.ts';
import { issued, newDevice, verdictOf } from '../../wire/issued.ts';

const DAY_MS = 86_400_000;
const PUBLISH_MS = 600_000;
const ACCESS_MS = 900_000;
const SKEW_MS = 60_000;

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store?.close());

/** A server's signing side on real Redis, by a clock that the test moves, and its key set endpoint. */
async function signingSide(clock: TestClock, rootSecrets: RootSecrets) {
  const { signing, ring, close } = await createSigning({
    issuer: 'https://signum.example',
    rootSecrets,
    records: store.keys,
    keys: { kind: 'managed', algorithm: 'ES256', rotationMs: 30 * DAY_MS, publishMs: PUBLISH_MS },
    longestAccessMs: ACCESS_MS,
    clockSkewMs: SKEW_MS,
    pollMs: 0,
    now: clock.now,
  });
  const { endpoint, encode } = jwks({ ring, publishMs: PUBLISH_MS });
  const { pipeline } = createTestRpc();
  const published = async (): Promise<readonly string[]> => {
    const call = pipeline.open(endpoint, headOf());
    await call.admit();
    const keySet = await call.run();
    const { body } = encode(keySet, headOf());
    return JSON.parse(String(body)).keys.map(({ kid }: { kid: string }) => kid);
  };
  const signer = async () => {
    const token = await signing.signAccess(ACCESS_CLAIMS, signing.currentKeyId());
    return decodeProtectedHeader(token).kid;
  };
  return { ring, published, signer, close };
}

test('a key is published for ten minutes before it signs, and until its last token is past expiry', async () => {
  const clock = new TestClock();
  const secrets = new RootSecrets([newSecret()]);
  const sides = [await signingSide(clock, secrets), await signingSide(clock, secrets)];
  const lookAll = async () => {
    for (const { ring } of sides) await ring.refresh();
    const views = await Promise.all(
      sides.map(async ({ published, signer }) => ({
        published: await published(),
        signs: await signer(),
      })),
    );
    expect(views[1]).toEqual(views[0]);
    return views[0];
  };
  const [first] = (await sides[0]?.published()) ?? [];
  expect(await lookAll()).toEqual({ published: [first], signs: first });

  clock.advance(30 * DAY_MS - 1);
  expect(await lookAll()).toEqual({ published: [first], signs: first });
  clock.advance(1);
  const due = await lookAll();
  const second = due?.published.find((kid) => kid !== first);
  expect(due).toEqual({ published: [first, second], signs: first });

  clock.advance(PUBLISH_MS - 1);
  expect(await lookAll()).toEqual({ published: [first, second], signs: first });
  clock.advance(1);
  expect(await lookAll()).toEqual({ published: [first, second], signs: second });

  clock.advance(ACCESS_MS + SKEW_MS - 1);
  expect(await lookAll()).toEqual({ published: [first, second], signs: second });
  clock.advance(1);
  expect(await lookAll()).toEqual({ published: [second], signs: second });
  for (const { close } of sides) close();
});

test('over the wire: a rotated key is in the key set first, signs next, and its predecessor leaves', async () => {
  const server = await startTestServer({
    SIGNUM_KEY_PUBLISH: '1s',
    SIGNUM_KEY_POLL: '100ms',
    SIGNUM_ACCESS_LIFETIME: '1s',
    SIGNUM_CLOCK_SKEW: '0',
  });
  try {
    const keys = server.client(KeyService);
    const tokens = server.client(TokenService);
    const published = async (): Promise<readonly string[]> => {
      const { jwksJson } = await keys.getJwks({});
      return JSON.parse(jwksJson).keys.map(({ kid }: { kid: string }) => kid);
    };
    const signer = async () =>
      decodeProtectedHeader((await issued(tokens, newDevice())).accessToken).kid;
    const [first] = await published();
    const second = (await keys.rotateKey({})).key?.keyId;
    expect(await published()).toEqual([first, second]);
    expect(await signer()).toBe(first);
    const last = await issued(tokens, newDevice());
    expect(await verdictOf(tokens, last.accessToken)).toBe('ACTIVE');
    await vi.waitFor(async () => expect(await signer()).toBe(second), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await published()).toEqual([second]), { timeout: 10_000 });
    expect(await verdictOf(tokens, last.accessToken)).not.toBe('ACTIVE');
  } finally {
    await server.close();
  }
});
