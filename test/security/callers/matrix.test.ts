import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  Message,
  MessageInitShape,
} from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import type { BatchValidateResponse } from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCESS, type AccessLine, AUTHZ, JWKS, nameOf } from '../../../src/policy/access-table.ts';
import { SERVICES } from '../../../src/rpc/rpc.ts';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { failureOf } from '../../wire/failure.ts';
import { issued, newDevice } from '../../wire/issued.ts';
import { type Entrance, transportAt } from '../transport/entrances.ts';
import { type Bundle, createAuthority, createBundle } from '../transport/identities.ts';
import { createKinds, HOME, type Kind } from './kinds.ts';
import { type About, createVictim, FORMS, formOf, NOTHING_FOUND, requestFor } from './requests.ts';

const FOREIGN = 'globex';
const TENANTS = [HOME, FOREIGN] as const;
type Tenant = (typeof TENANTS)[number];
type Method = DescMethodUnary | DescMethodServerStreaming | DescMethodBiDiStreaming;

const METHODS = new Map(
  SERVICES.flatMap(({ methods }) => methods.map((method) => [nameOf(method), method as Method])),
);
/** Tried elsewhere: by plain HTTP, or with what gateways show of themselves. */
const ELSEWHERE = [JWKS, AUTHZ, nameOf(Authorization.method.check)];
/** The lines about methods. */
const LINES = ACCESS.filter(
  ({ endpoint }) => !ELSEWHERE.includes(endpoint) && !endpoint.startsWith('oauth/'),
);

function methodOf({ endpoint }: AccessLine): Method {
  const method = METHODS.get(endpoint);
  if (method === undefined) throw new Error(`${endpoint} is no method`);
  return method;
}

let server: TestServer;
let bundle: Bundle;
let kinds: readonly Kind[];

beforeAll(async () => {
  const authority = await createAuthority('Clients');
  bundle = createBundle(authority);
  server = await startTestServer({
    SIGNUM_TLS_CLIENT_CA_FILE: bundle.file,
    SIGNUM_CALLER_REFRESH: '100ms',
  });
  kinds = await createKinds(server, authority);
});
afterAll(async () => {
  await server.close();
  bundle.remove();
});

/** What the access table means for a kind of caller, worked out apart from the code that decides. */
function expected({ nature }: Kind, { scope, permission }: AccessLine, tenant: Tenant): string {
  if (scope === 'anyone') return 'OK';
  if (nature.is !== 'service') {
    if (scope === 'holder') return 'OK';
    if (nature.is === 'nobody') return 'CREDENTIAL_MISSING';
    if (nature.is === 'bad') return 'CREDENTIAL_INVALID';
    return nature.is === 'user' && scope === 'user' ? 'OK' : 'PERMISSION_DENIED';
  }
  const { permissions, everyTenant } = nature;
  if (permission === undefined || !permissions.includes(permission)) return 'PERMISSION_DENIED';
  if (everyTenant) return 'OK';
  return scope !== 'deployment' && tenant === HOME ? 'OK' : 'PERMISSION_DENIED';
}

describe.each(['Connect on HTTP/2', 'gRPC on the gRPC listener'] as const)('%s', (entrance) => {
  describe.each(TENANTS)('in the tenant %s', (tenant) => {
    test.each(LINES.map((access) => [formOf(access), access] as const))('%s', async (_, access) => {
      const isAboutNoTenant = access.scope === 'anyone' || methodOf(access).name === 'ListCallers';
      const asIfIn = isAboutNoTenant ? HOME : tenant;
      const wanted = kinds.map((kind) => [kind.name, expected(kind, access, asIfIn)]);
      const found = await outcomes(entrance, access, tenant);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    });
  });
});

/** The outcome for each kind of caller, all at once unless each call undoes what others build on. */
async function outcomes(entrance: Entrance, access: AccessLine, tenant: Tenant) {
  const one = async (kind: Kind) =>
    [kind.name, await outcome(entrance, kind, access, tenant)] as const;
  if (methodOf(access).name !== 'RevokeTenant') return Promise.all(kinds.map(one));
  const found: (readonly [string, string])[] = [];
  for (const kind of kinds) found.push(await one(kind));
  return found;
}

/** Makes a call about a session that no other call is about; `OK`, or the reason of its failure. */
async function outcome(entrance: Entrance, kind: Kind, access: AccessLine, tenantId: Tenant) {
  const tokens = server.client(TokenService);
  const device = newDevice({ tenantId });
  // Their own session of another device, so that what is done to the first one leaves it alone.
  const own = { tenantId, userId: device.userId, deviceId: 'own' };
  const { credential } = kind;
  let bearer: string | undefined;
  if (credential === 'token of the user') bearer = (await issued(tokens, own)).accessToken;
  else if (credential === 'token of another user') {
    bearer = (await issued(tokens, newDevice({ tenantId }))).accessToken;
  } else if (credential !== 'nothing' && 'apiKey' in credential) bearer = credential.apiKey;
  const about: About = {
    device,
    pair: () => issued(tokens, device),
    callerName: () => createVictim(server, tenantId),
  };
  const header: Record<string, string> =
    bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const input = await requestFor(access, about);
  const call = send(transportOf(entrance, kind), methodOf(access), header, input);
  const answered = await call.catch(() => undefined);
  if (answered !== undefined) {
    return access.scope === 'items' ? itemsOutcome(answered as BatchValidateResponse) : 'OK';
  }
  const { reason, metadata } = await failureOf(call);
  if (reason !== undefined && reason === NOTHING_FOUND[methodOf(access).name]) return 'OK';
  // A refusal says which permission it was about, and nothing else.
  expect(Object.keys(metadata)).toEqual(reason === 'PERMISSION_DENIED' ? ['permission'] : []);
  return reason ?? 'no answer';
}

/** Makes the call; of a stream that is opened for it alone, if the method streams. */
async function send(
  transport: Transport,
  method: Method,
  header: Record<string, string>,
  input: MessageInitShape<DescMessage>,
): Promise<Message> {
  if (method.methodKind === 'unary') {
    return (await transport.unary(method, undefined, undefined, header, input)).message;
  }
  const messages = (async function* () {
    yield input;
  })();
  const enough = new AbortController();
  try {
    const answer = await transport.stream(method, enough.signal, undefined, header, messages);
    for await (const message of answer.message) return message;
    throw new Error('the stream ended without an answer');
  } finally {
    enough.abort();
  }
}

/** The one outcome of all items of a batch. */
function itemsOutcome({ results }: BatchValidateResponse): string {
  const each = results.map(({ result }) => (result.case === 'response' ? 'OK' : 'refused'));
  const all = new Set(each);
  if (all.size !== 1) return each.join(' ');
  return all.has('OK') ? 'OK' : 'PERMISSION_DENIED';
}

const transports = new Map<string, Transport>();

function transportOf(entrance: Entrance, { name, credential }: Kind): Transport {
  const identity =
    typeof credential === 'object' && 'identity' in credential ? credential.identity : undefined;
  const key = `${entrance} ${identity === undefined ? '' : name}`;
  const known = transports.get(key) ?? transportAt(server, entrance, { identity });
  transports.set(key, known);
  return known;
}

test('the table has a line for every method of the contract, and a request for every line', () => {
  const methods = new Set(LINES.map(({ endpoint }) => endpoint));
  expect([...methods].sort()).toEqual(
    SERVICES.flatMap(({ methods }) => methods.map(nameOf))
      .filter((name) => !ELSEWHERE.includes(name))
      .sort(),
  );
  expect(LINES.map(formOf).sort()).toEqual([...FORMS].sort());
  expect(ACCESS.filter(({ scope, permission }) => (scope === 'anyone') !== !permission)).toEqual(
    [],
  );
});
