import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAnother } from '../../requirements/another-server.ts';
import { CallerService, startTestServer, type TestServer } from '../../setup/server.ts';
import { failureOf } from '../../wire/failure.ts';
import { ENTRANCES, type Entrance, isPublic, visit } from './entrances.ts';
import {
  type Authority,
  type Bundle,
  type ClientIdentity,
  createAuthority,
  createBundle,
  LONG_AGO,
} from './identities.ts';

const SPIFFE = 'spiffe://acme.example/gateway';

let bundle: Bundle;
let first: Authority;
let second: Authority;
let stranger: Authority;
let optional: TestServer;
let apiKey: string;
/** Of the same deployment, with other requirements on clients. */
const others: TestServer[] = [];
const IDENTITIES = new Map<string, ClientIdentity | undefined>();

beforeAll(async () => {
  first = await createAuthority('First');
  second = await createAuthority('Second');
  stranger = await createAuthority('Stranger');
  bundle = createBundle(first, second);
  optional = await startTestServer({ SIGNUM_TLS_CLIENT_CA_FILE: bundle.file });
  const callers = optional.client(CallerService);
  const common = { permissions: [Permission.VALIDATE], tenants: ['acme'], withoutKey: true };
  await callers.createCaller({ ...common, name: 'by-uri', certificateNames: [`URI:${SPIFFE}`] });
  await callers.createCaller({ ...common, name: 'by-dns', certificateNames: ['DNS:gw.acme'] });
  await callers.createCaller({ ...common, name: 'off', certificateNames: ['DNS:off.acme'] });
  await callers.setCallerDisabled({ name: 'off', disabled: true });
  const keyed = { name: 'by-key', permissions: [Permission.VALIDATE], tenants: ['acme'] };
  ({ apiKey } = await callers.createCaller(keyed));
  await issueIdentities();
});

afterAll(async () => {
  for (const server of [...others, optional]) await server.close();
  bundle.remove();
});

async function issueIdentities() {
  const identities = {
    'a mapped URI': await first.issue({ uris: [SPIFFE] }),
    'a mapped DNS name': await first.issue({ dnsNames: ['gw.acme'] }),
    'the second authority of the bundle': await second.issue({ uris: [SPIFFE] }),
    'one mapped name of several': await first.issue({ dnsNames: ['x.acme'], uris: [SPIFFE] }),
    'a name that is no caller': await first.issue({ dnsNames: ['nobody.acme'] }),
    'the caller as its common name only': await first.issue({ commonName: 'gw.acme' }),
    'another case of a mapped URI': await first.issue({ uris: [SPIFFE.toUpperCase()] }),
    'a longer name than the mapped one': await first.issue({ uris: [`${SPIFFE}/x`] }),
    'the names of two callers': await first.issue({ dnsNames: ['gw.acme'], uris: [SPIFFE] }),
    'a disabled caller': await first.issue({ dnsNames: ['off.acme'] }),
    'the wrong authority': await stranger.issue({ uris: [SPIFFE] }),
    'an expired certificate': await first.issue({ uris: [SPIFFE] }, LONG_AGO),
    'a certificate for servers': await first.issue({ uris: [SPIFFE], kind: 'server' }),
    'no certificate': undefined,
  };
  for (const [name, identity] of Object.entries(identities)) IDENTITIES.set(name, identity);
}

const ACCEPTED = ['a mapped URI', 'a mapped DNS name', 'the second authority of the bundle'];
ACCEPTED.push('one mapped name of several');
const ANONYMOUS = ['a name that is no caller', 'the caller as its common name only'];
ANONYMOUS.push('another case of a mapped URI', 'a longer name than the mapped one');
const INVALID = ['the names of two callers', 'a disabled caller'];
const UNTRUSTED = ['the wrong authority', 'an expired certificate', 'a certificate for servers'];
const UNPROVED = [...UNTRUSTED, 'no certificate'];

/** What becomes of a call: the reason that it fails with, `OK`, or `no connection`. */
async function outcome(server: TestServer, entrance: Entrance, who: string): Promise<string> {
  const identity = IDENTITIES.get(who);
  const call = visit(server, entrance, { identity }).validate({
    subject: { case: 'token', value: 'x.y.z' },
  });
  const answered = await call.then(
    () => 'OK',
    () => undefined,
  );
  return answered ?? (await failureOf(call)).reason ?? 'no connection';
}

async function outcomes(server: TestServer, entrance: Entrance): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const who of IDENTITIES.keys()) all[who] = await outcome(server, entrance, who);
  return all;
}

const each = (names: readonly string[], is: string) =>
  Object.fromEntries(names.map((name) => [name, is]));

const OPTIONAL = {
  ...each(ACCEPTED, 'OK'),
  ...each(ANONYMOUS, 'CREDENTIAL_MISSING'),
  ...each(INVALID, 'CREDENTIAL_INVALID'),
  ...each(UNPROVED, 'CREDENTIAL_MISSING'),
};
const REQUIRED = { ...OPTIONAL, ...each(UNPROVED, 'no connection') };
const OFF = each(Object.keys(OPTIONAL), 'CREDENTIAL_MISSING');

describe.each(ENTRANCES)('%s', (entrance) => {
  test('a certificate is its caller if it is optional, and a bad one is nobody', async () => {
    expect(await outcomes(optional, entrance)).toEqual(OPTIONAL);
  });

  test('an API key is enough where certificates are optional, also beside a bad one', async () => {
    for (const who of UNPROVED) {
      const visitor = { identity: IDENTITIES.get(who), apiKey };
      const answer = await visit(optional, entrance, visitor).validate({
        subject: { case: 'token', value: 'x.y.z' },
      });
      expect(answer.active).toBe(false);
    }
  });
});

test('the gRPC listener may require certificates that the public one does not', async () => {
  const server = await another({ SIGNUM_GRPC_CLIENT_AUTH: 'required' });
  for (const entrance of ENTRANCES) {
    expect(await outcomes(server, entrance)).toEqual(isPublic(entrance) ? OPTIONAL : REQUIRED);
  }
});

test('the public listener may require certificates that the gRPC one does not look at', async () => {
  const env = { SIGNUM_TLS_CLIENT_AUTH: 'required', SIGNUM_GRPC_CLIENT_AUTH: 'off' };
  const server = await another(env);
  for (const entrance of ENTRANCES) {
    expect(await outcomes(server, entrance)).toEqual(isPublic(entrance) ? REQUIRED : OFF);
  }
});

async function another(env: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = await startAnother({ ...optional, env: { ...optional.env, ...env } });
  others.push(server);
  return server;
}
