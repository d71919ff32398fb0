import { Permission as WirePermission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { Redis } from 'ioredis';
import { PERMISSIONS, type Permission } from '../../../src/domain/caller.ts';
import { CallerService, type TestServer, TokenService } from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { reasonOf } from '../../wire/failure.ts';
import type { Authority, ClientIdentity } from '../transport/identities.ts';

/** The tenant of all callers that are not of every tenant. */
export const HOME = 'acme';

/** What a caller shows. `user` and `other user` show an access token that is made for each call. */
export type Credential =
  | { readonly apiKey: string }
  | { readonly identity: ClientIdentity }
  | 'nothing'
  | 'token of the user'
  | 'token of another user';

/** A kind of caller, with what it is entitled to by its nature. */
export interface Kind {
  readonly name: string;
  readonly credential: Credential;
  readonly nature:
    | { readonly is: 'nobody' | 'bad' | 'user' | 'other user' }
    | {
        readonly is: 'service';
        readonly permissions: readonly Permission[];
        readonly everyTenant: boolean;
      };
}

/** One of each kind of caller. */
export async function createKinds(server: TestServer, authority: Authority): Promise<Kind[]> {
  const service = (permissions: readonly Permission[], everyTenant = false) =>
    ({ is: 'service', permissions, everyTenant }) as const;
  const keyed = async (name: string, permissions: readonly Permission[], tenants = [HOME]) => ({
    apiKey: await createKey(server, name, permissions, tenants),
  });
  const certified = async (name: string, disabled: boolean) => {
    const certificateNames = [`URI:spiffe://signum.test/${name}`];
    const callers = server.client(CallerService);
    const permissions = PERMISSIONS.map(toWire);
    const more = { certificateNames, withoutKey: true, permissions };
    await callers.createCaller({ name, tenants: [HOME], ...more });
    await callers.setCallerDisabled({ name, disabled });
    return { identity: await authority.issue({ uris: [`spiffe://signum.test/${name}`] }) };
  };
  const everything = await keyed('everything', PERMISSIONS);
  const kinds: Kind[] = [
    { name: 'nobody', credential: 'nothing', nature: { is: 'nobody' } },
    { name: 'the user', credential: 'token of the user', nature: { is: 'user' } },
    { name: 'another user', credential: 'token of another user', nature: { is: 'other user' } },
    { name: 'a key with every permission', credential: everything, nature: service(PERMISSIONS) },
    {
      name: 'a key with every permission in every tenant',
      credential: await keyed('everywhere', PERMISSIONS, ['*']),
      nature: service(PERMISSIONS, true),
    },
    {
      name: 'the administrator',
      credential: { apiKey: server.adminKey },
      nature: service(PERMISSIONS, true),
    },
    {
      name: 'a certificate with every permission',
      credential: await certified('certified', false),
      nature: service(PERMISSIONS),
    },
    {
      name: 'a certificate of a disabled caller',
      credential: await certified('certified-disabled', true),
      nature: { is: 'bad' },
    },
    {
      name: 'a certificate of no caller',
      credential: { identity: await authority.issue({ uris: ['spiffe://signum.test/stranger'] }) },
      nature: { is: 'nobody' },
    },
    {
      name: 'a key of a disabled caller',
      credential: { apiKey: await createDisabled(server) },
      nature: { is: 'bad' },
    },
    {
      name: 'a key that has expired',
      credential: { apiKey: await createExpired(server) },
      nature: { is: 'bad' },
    },
    {
      name: 'a key with a wrong secret',
      credential: { apiKey: `${everything.apiKey.slice(0, -4)}zzzz` },
      nature: { is: 'bad' },
    },
    { name: 'a made-up token', credential: { apiKey: 'x.y.z' }, nature: { is: 'bad' } },
  ];
  for (const permission of PERMISSIONS) {
    kinds.push(
      {
        name: `a key with ${permission}`,
        credential: await keyed(`only-${permission}`, [permission]),
        nature: service([permission]),
      },
      {
        name: `a key with all but ${permission}`,
        credential: await keyed(
          `no-${permission}`,
          PERMISSIONS.filter((each) => each !== permission),
        ),
        nature: service(PERMISSIONS.filter((each) => each !== permission)),
      },
    );
  }
  return kinds;
}

export function toWire(permission: Permission): WirePermission {
  return WirePermission[permission.toUpperCase() as keyof typeof WirePermission];
}

async function createKey(
  server: TestServer,
  name: string,
  permissions: readonly Permission[],
  tenants: readonly string[],
): Promise<string> {
  const input = { name, permissions: permissions.map(toWire), tenants: [...tenants] };
  return (await server.client(CallerService).createCaller(input)).apiKey;
}

async function createDisabled(server: TestServer): Promise<string> {
  const apiKey = await createKey(server, 'disabled', PERMISSIONS, [HOME]);
  await server.client(CallerService).setCallerDisabled({ name: 'disabled', disabled: true });
  return apiKey;
}

/** A key lives for a minute at least: its end is moved in the store, as time would. */
async function createExpired(server: TestServer): Promise<string> {
  const apiKey = await createKey(server, 'expired', PERMISSIONS, [HOME]);
  const redis = new Redis(server.redisUrl);
  const record = JSON.parse((await redis.hget('signum:callers', 'expired')) ?? '');
  record.keys[0].expiresAtMs = Date.now() - 1;
  await redis.hset('signum:callers', 'expired', JSON.stringify(record));
  redis.disconnect();
  const call = () => server.client(TokenService, apiKey).validate({});
  await until('it has expired', async () => (await reasonOf(call())) === 'CREDENTIAL_INVALID');
  return apiKey;
}
