import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll } from 'vitest';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { basic, clientOf } from './http.ts';

export const ISSUER = 'https://signum.example/tenants/one';

/** A server for the tests of a file, with callers that may validate and issue; and who calls it. */
export function serveOAuth() {
  let signum: TestServer;
  /** API keys by the names of their callers. */
  const keys = new Map<string, string>();

  beforeAll(async () => {
    signum = await startTestServer({ SIGNUM_ISSUER: ISSUER });
    const create = async (name: string, permission: Permission, tenant = 'acme') => {
      const permissions = [permission];
      const created = await signum
        .client(CallerService)
        .createCaller({ name, permissions, tenants: [tenant] });
      keys.set(name, created.apiKey);
    };
    await create('api', Permission.VALIDATE);
    await create('other-api', Permission.VALIDATE, 'umbrella');
    await create('issuer', Permission.ISSUE);
  });
  afterAll(() => signum.close());

  let devices = 0;
  async function issue(jkt?: string) {
    devices += 1;
    const device = { tenantId: 'acme', userId: 'ada', deviceId: `d${devices}` };
    const confirmation =
      jkt === undefined ? {} : { confirmation: { method: { case: 'jkt' as const, value: jkt } } };
    const { tokens } = await signum.client(TokenService).issue({
      device,
      scopes: ['read', 'write'],
      claims: { plan: 'gold', active: false },
      clientId: 'app',
      ...confirmation,
    });
    return { accessToken: tokens?.accessToken ?? '', refreshToken: tokens?.refreshToken ?? '' };
  }

  const keyOf = (name: string) => keys.get(name) ?? '';
  return {
    ...clientOf(() => signum),
    server: () => signum,
    keyOf,
    issue,
    /** Credentials of the client that introspects. */
    api: () => ({ authorization: basic('api', keyOf('api')) }),
  };
}
