import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import type { DeviceRef } from '@signum/token';
import type { AccessLine } from '../../../src/policy/access-table.ts';
import { CallerService, type TestServer } from '../../setup/server.ts';
import { newDevice } from '../../wire/issued.ts';

/** Whom a call is about: a device that holds a session, and a caller of the same tenant. */
export interface About {
  readonly device: DeviceRef;
  /** Issues a session on the device. */
  pair(): Promise<TokenPair>;
  /** Creates a caller of the tenant and gives its name. */
  callerName(): Promise<string>;
}

type Init = MessageInitShape<DescMessage>;

/** A request in each form of the access table that succeeds if the caller may make it. */
const REQUESTS: Readonly<Record<string, (about: About) => unknown>> = {
  'TokenService/Issue': ({ device }) => ({ device }),
  'TokenService/Refresh': async ({ pair }) => ({ refreshToken: (await pair()).refreshToken }),
  'TokenService/Validate token': async ({ pair }) => ({ subject: tokenOf(await pair()) }),
  'TokenService/Validate ids': async ({ device, pair }) => ({
    subject: idsOf(device, await pair()),
  }),
  'TokenService/BatchValidate': itemsOf,
  'TokenService/ValidateStream': itemsOf,
  'TokenService/Revoke token': async ({ pair }) => ({ subject: tokenOf(await pair()) }),
  'TokenService/Revoke ids': async ({ device, pair }) => ({ subject: idsOf(device, await pair()) }),
  'TokenService/Revoke session': async ({ device, pair }) => ({
    subject: { case: 'session', value: { device, sessionId: (await pair()).sessionId } },
  }),
  'TokenService/Revoke device': ({ device }) => ({ subject: { case: 'device', value: device } }),
  'TokenService/RevokeUser': ({ device }) => userOf(device),
  'TokenService/RevokeTenant': ({ device }) => ({ tenantId: device.tenantId }),
  'TokenService/ListSessions': ({ device }) => userOf(device),
  'TokenService/GetSession': async ({ device, pair }) => {
    await pair();
    return { device };
  },
  'TokenService/WatchSession': async ({ pair }) => ({ refreshToken: (await pair()).refreshToken }),
  'FeedService/Watch': ({ device }) => ({
    request: { case: 'start', value: { tenantIds: [device.tenantId] } },
  }),
  'KeyService/GetJwks': () => ({}),
  'KeyService/ListKeys': () => ({}),
  'KeyService/RotateKey': () => ({}),
  // Of a key that there is not, so that the tokens of this test stay good.
  'KeyService/RevokeKey': () => ({ keyId: 'no-such-key' }),
  'CallerService/CreateCaller': ({ device }) => ({
    name: newDevice().deviceId,
    permissions: [Permission.CALLERS],
    tenants: [device.tenantId],
  }),
  'CallerService/ListCallers': () => ({}),
  'CallerService/RotateCallerKey': async ({ callerName }) => ({ name: await callerName() }),
  'CallerService/SetCallerDisabled': async ({ callerName }) => ({
    name: await callerName(),
    disabled: true,
  }),
  'CallerService/DeleteCaller': async ({ callerName }) => ({ name: await callerName() }),
};

/** The name of a line in `REQUESTS`. */
export function formOf({ endpoint, subject }: AccessLine): string {
  const name = endpoint.replace(/^signum\.v1\./, '');
  return subject === undefined ? name : `${name} ${subject}`;
}

export const FORMS: readonly string[] = Object.keys(REQUESTS);

export async function requestFor(access: AccessLine, about: About): Promise<Init> {
  const form = formOf(access);
  const make = REQUESTS[form];
  if (make === undefined) throw new Error(`no request for ${form}`);
  return (await make(about)) as Init;
}

/** What an allowed call of a method fails with, because there is nothing to find. */
export const NOTHING_FOUND: Readonly<Record<string, string>> = { RevokeKey: 'KEY_NOT_FOUND' };

export async function createVictim(server: TestServer, tenantId: string): Promise<string> {
  const name = newDevice().deviceId;
  const permissions = [Permission.CALLERS];
  await server.client(CallerService).createCaller({ name, permissions, tenants: [tenantId] });
  return name;
}

const tokenOf = ({ accessToken }: TokenPair) => ({ case: 'token', value: accessToken });

const idsOf = (device: DeviceRef, { tokenId }: TokenPair) => ({
  case: 'ids',
  value: { ...device, tokenId },
});

async function itemsOf({ device, pair }: About) {
  const issued = await pair();
  return { items: [{ subject: tokenOf(issued) }, { subject: idsOf(device, issued) }] };
}

const userOf = ({ tenantId, userId }: DeviceRef) => ({ tenantId, userId });
