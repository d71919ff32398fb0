import { connect, type TLSSocket } from 'node:tls';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAnother } from '../../requirements/another-server.ts';
import { CallerService, startTestServer, type TestServer } from '../../setup/server.ts';
import {
  type Bundle,
  type ClientIdentity,
  createAuthority,
  createBundle,
  LONG_AGO,
} from './identities.ts';

const NAME = 'gateway.acme';
const BODY = '{"token":"x.y.z"}';
const REQUEST = [
  'POST /signum.v1.TokenService/Validate HTTP/1.1',
  'Host: localhost',
  'Content-Type: application/json',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n');

let bundle: Bundle;
let optional: TestServer;
let required: TestServer;
const identities = new Map<string, ClientIdentity>();

beforeAll(async () => {
  const authority = await createAuthority('Clients');
  const stranger = await createAuthority('Stranger');
  bundle = createBundle(authority);
  optional = await startTestServer({ SIGNUM_TLS_CLIENT_CA_FILE: bundle.file });
  const { env } = optional;
  required = await startAnother({
    ...optional,
    env: { ...env, SIGNUM_TLS_CLIENT_AUTH: 'required' },
  });
  await optional.client(CallerService).createCaller({
    name: 'gateway',
    permissions: [Permission.VALIDATE],
    tenants: ['acme'],
    certificateNames: [`DNS:${NAME}`],
    withoutKey: true,
  });
  const subject = { dnsNames: [NAME] };
  identities.set('a good certificate', await authority.issue(subject));
  identities.set('another authority’s', await stranger.issue(subject));
  identities.set('an expired one', await authority.issue(subject, LONG_AGO));
});
afterAll(async () => {
  await required.close();
  await optional.close();
  bundle.remove();
});

interface Visit {
  /** Of the HTTP answer; 0 without one. */
  readonly status: number;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
}

/** One request on a connection that resumes a TLS session if it is given one. */
function visit(
  { server, ca }: TestServer,
  identity: ClientIdentity | undefined,
  resumed: Buffer | undefined,
): Promise<Visit> {
  const { port } = server.addresses.public;
  return new Promise((resolve) => {
    const options = { port, host: 'localhost', ca, session: resumed, ...identity };
    const socket: TLSSocket = connect(options, () => socket.write(REQUEST));
    let session: Buffer | undefined;
    let reused = false;
    let received = '';
    socket.once('secureConnect', () => {
      reused = socket.isSessionReused();
    });
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      resolve({ status: Number(received.split(' ')[1] ?? 0), reused, session });
    });
  });
}

test.each([
  ['no certificate', 401],
  ['another authority’s', 401],
  ['an expired one', 401],
  ['a good certificate', 200],
])('who began with %s is no more when resuming the TLS session', async (who, status) => {
  const first = await visit(optional, identities.get(who), undefined);
  expect(first.status).toBe(status);
  const again = await visit(optional, undefined, first.session);
  expect(again).toMatchObject({ status, reused: true });
});

test.each(['no certificate', 'another authority’s', 'an expired one'])(
  'who was turned away with %s does not get in by resuming',
  async (who) => {
    const first = await visit(required, identities.get(who), undefined);
    expect(first.status).toBe(0);
    for (const session of [first.session, undefined]) {
      expect((await visit(required, undefined, session)).status).toBe(0);
    }
  },
);

test('a session that began where certificates are optional opens no listener that requires them', async () => {
  const { session } = await visit(optional, undefined, undefined);
  const { ca } = optional;
  expect((await visit({ ...required, ca: `${ca}${required.ca}` }, undefined, session)).status).toBe(
    0,
  );
});
