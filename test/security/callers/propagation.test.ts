import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnother } from '../../requirements/another-server.ts';
import {
  CallerService,
  startTestServer,
  type TestServer,
  TokenService,
} from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { reasonOf } from '../../wire/failure.ts';
import { visit } from '../transport/entrances.ts';
import {
  type Bundle,
  type ClientIdentity,
  createAuthority,
  createBundle,
} from '../transport/identities.ts';

/** Two servers of one deployment, which read callers again as often as by default. */
let one: TestServer;
let two: TestServer;
let bundle: Bundle;
let identity: ClientIdentity;

beforeAll(async () => {
  const authority = await createAuthority('Clients');
  bundle = createBundle(authority);
  identity = await authority.issue({ dnsNames: ['edge.acme'] });
  one = await startTestServer({ SIGNUM_TLS_CLIENT_CA_FILE: bundle.file });
  two = await startAnother(one);
});
afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  bundle.remove();
});

const validating = { permissions: [Permission.VALIDATE], tenants: ['acme'] };
const anything = { subject: { case: 'token', value: 'x.y.z' } } as const;

async function created(name: string) {
  const { apiKey } = await one.client(CallerService).createCaller({ name, ...validating });
  return { apiKey, calls: (server: TestServer) => callsOf(server, apiKey) };
}

const callsOf = (server: TestServer, apiKey: string) =>
  outcomeOf(server.client(TokenService, apiKey).validate(anything));

function outcomeOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => 'OK',
    () => reasonOf(call),
  );
}

test('a new caller is known to the server that made it at once, and to the others soon', async () => {
  const { calls } = await created('new');
  expect(await calls(one)).toBe('OK');
  await until('the other server knows it', async () => (await calls(two)) === 'OK');
});

test.each([
  [
    'disabled',
    (name: string) => one.client(CallerService).setCallerDisabled({ name, disabled: true }),
  ],
  ['deleted', (name: string) => one.client(CallerService).deleteCaller({ name })],
  [
    'given a new key without an overlap',
    (name: string) => one.client(CallerService).rotateCallerKey({ name, overlap: { seconds: 0n } }),
  ],
])(
  'a caller that was %s on one server is refused by that one at once and by all soon',
  async (how, end) => {
    const name = `ended-${how.slice(0, 3)}`;
    const { calls } = await created(name);
    await until('both know it', async () => (await calls(two)) === 'OK');
    await end(name);
    expect(await calls(one)).toBe('CREDENTIAL_INVALID');
    await until('the other knows', async () => (await calls(two)) === 'CREDENTIAL_INVALID');
    expect(await calls(two)).toBe('CREDENTIAL_INVALID');
  },
);

test('a disabled caller is refused on connections that it had open with its certificate', async () => {
  const callers = one.client(CallerService);
  const more = { certificateNames: ['DNS:edge.acme'], withoutKey: true };
  await callers.createCaller({ name: 'edge', ...validating, ...more });
  const clients = [one, two].flatMap((server) => [
    visit(server, 'Connect on HTTP/2', { identity }),
    visit(server, 'gRPC on the gRPC listener', { identity }),
  ]);
  const all = (wanted: string) =>
    until(`all answer ${wanted}`, async () => {
      const outcomes = await Promise.all(
        clients.map((client) => outcomeOf(client.validate(anything))),
      );
      return outcomes.every((outcome) => outcome === wanted);
    });
  await all('OK');
  await callers.setCallerDisabled({ name: 'edge', disabled: true });
  await all('CREDENTIAL_INVALID');
  await callers.setCallerDisabled({ name: 'edge', disabled: false });
  await all('OK');
});
