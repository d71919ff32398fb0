import { create, type DescMethodUnary, type DescService } from '@bufbuild/protobuf';
import { ConnectError, type Transport } from '@connectrpc/connect';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import type { TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import {
  CallerService,
  KeyService,
  type Protocol,
  TokenService,
  transportTo,
} from '../../setup/server.ts';
import type { Needles } from './needles.ts';
import type { Served } from './served.ts';

/** The whole life of tokens, keys and callers by every unary method, errors included. */
export interface Life {
  /** Methods called, as `Service/method`. */
  readonly called: ReadonlySet<string>;
  readonly pairs: readonly TokenPair[];
  readonly apiKeys: readonly string[];
}

type Ask = (
  service: DescService,
  name: string,
  input: Record<string, unknown>,
  credential?: string | null,
) => Promise<Record<string, unknown> | undefined>;

const DEVICE = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };

/** Adds all that failing calls tell to `errors`. Rejects if what must work does not. */
export async function liveThrough(
  served: Served,
  adminKey: string,
  needles: Needles,
  protocol: Protocol,
  errors: string[],
): Promise<Life> {
  const called = new Set<string>();
  const pairs: TokenPair[] = [];
  const apiKeys: string[] = [];
  const transports = new Map<string | null, Transport>();
  const ask: Ask = async (service, name, input, credential = adminKey) => {
    const transport =
      transports.get(credential) ?? transportTo(served.address, served.ca, credential, protocol);
    transports.set(credential, transport);
    const method = service.method[name] as DescMethodUnary;
    called.add(`${service.typeName}/${method.name}`);
    try {
      const headers = { 'x-request-id': `call-${called.size}` };
      const answer = await transport.unary(
        method,
        undefined,
        15_000,
        headers,
        create(method.input, input),
      );
      return answer.message as unknown as Record<string, unknown>;
    } catch (error) {
      errors.push(tell(error));
      return undefined;
    }
  };
  const keep = (answer: Record<string, unknown> | undefined): TokenPair => {
    const pair = answer?.['tokens'] as TokenPair;
    for (const [name, token] of Object.entries({
      access: pair.accessToken,
      refresh: pair.refreshToken,
    })) {
      needles.add(`${name} token`, token);
      needles.add(`signature of ${name} token`, token.split('.')[2] ?? '');
    }
    pairs.push(pair);
    return pair;
  };
  const keepKey = (answer: Record<string, unknown> | undefined): string => {
    const apiKey = String(answer?.['apiKey']);
    needles.add('API key', apiKey.split('_').slice(2).join('_'));
    apiKeys.push(apiKey);
    return apiKey;
  };
  await callers(ask, keepKey, protocol);
  const auth = apiKeys.at(-1) ?? '';
  await tokens(ask, keep, auth);
  await keys(ask, keep, auth);
  return { called, pairs, apiKeys };
}

async function callers(
  ask: Ask,
  keepKey: (answer?: Record<string, unknown>) => string,
  name: string,
) {
  const all = Object.values(Permission).filter((value) => typeof value === 'number' && value > 0);
  const request = { name, permissions: all, tenants: ['*'] };
  const first = keepKey(await ask(CallerService, 'createCaller', request));
  await ask(CallerService, 'createCaller', request);
  const second = keepKey(await ask(CallerService, 'rotateCallerKey', { name }));
  await ask(CallerService, 'listCallers', {}, first);
  await ask(CallerService, 'listCallers', {}, second);
  await ask(CallerService, 'listCallers', {}, `${second.slice(0, -1)}x`);
  await ask(CallerService, 'listCallers', {}, `${second}junk`);
  await ask(CallerService, 'rotateCallerKey', { name: second });
  const other = { ...request, name: `${name}-2` };
  keepKey(await ask(CallerService, 'createCaller', other));
  await ask(CallerService, 'setCallerDisabled', { name: other.name, disabled: true });
  await ask(CallerService, 'deleteCaller', { name: other.name });
  // The key that works is named last.
  keepKey({ apiKey: second });
}

async function tokens(
  ask: Ask,
  keep: (answer?: Record<string, unknown>) => TokenPair,
  auth: string,
) {
  const of = (token: string) => ({ subject: { case: 'token', value: token } });
  const bent = (token: string) => `${token.slice(0, -4)}AAAA`;
  const first = keep(await ask(TokenService, 'issue', { device: DEVICE }, auth));
  const ids = { ...DEVICE, tokenId: first.tokenId };
  for (const token of [first.accessToken, first.refreshToken, bent(first.accessToken)]) {
    await ask(TokenService, 'validate', of(token), auth);
    await ask(TokenService, 'validate', of(`${token}${'A'.repeat(4_096)}`), auth);
    await ask(TokenService, 'getSession', { device: DEVICE }, token);
    await ask(TokenService, 'listSessions', { ...DEVICE, pageToken: token.slice(0, 900) }, auth);
  }
  await ask(
    TokenService,
    'batchValidate',
    { items: [of(first.accessToken), of(bent(first.accessToken))] },
    auth,
  );
  // Secrets where they do not belong: an id, a scope, a claim, a proof, a credential.
  const wrong = { ...DEVICE, deviceId: `${first.refreshToken}${'x'.repeat(256)}` };
  await ask(TokenService, 'issue', { device: wrong }, auth);
  await ask(TokenService, 'issue', { device: DEVICE, scopes: [`${first.accessToken} `] }, auth);
  await ask(TokenService, 'issue', { device: DEVICE, audiences: [auth] }, auth);
  await ask(TokenService, 'issue', { device: DEVICE, claims: { sub: first.accessToken } }, auth);
  await ask(TokenService, 'issue', { device: DEVICE, requestId: auth }, auth);
  await ask(
    TokenService,
    'issue',
    { device: DEVICE, policy: 3, proof: bent(first.refreshToken) },
    auth,
  );
  await ask(
    TokenService,
    'validate',
    { subject: { case: 'ids', value: { ...ids, tokenId: auth } } },
    auth,
  );
  await ask(TokenService, 'refresh', { refreshToken: bent(first.refreshToken) }, null);
  await ask(TokenService, 'refresh', { refreshToken: first.accessToken }, null);
  await ask(TokenService, 'refresh', { refreshToken: auth }, null);
  const second = keep(
    await ask(TokenService, 'refresh', { refreshToken: first.refreshToken }, null),
  );
  await ask(TokenService, 'validate', of(second.accessToken), auth);
  await ask(TokenService, 'refresh', { refreshToken: first.refreshToken }, null);
  await ask(TokenService, 'refresh', { refreshToken: second.refreshToken }, null);
  const third = keep(await ask(TokenService, 'issue', { device: DEVICE }, auth));
  await ask(TokenService, 'getSession', { device: DEVICE }, third.accessToken);
  await ask(TokenService, 'listSessions', DEVICE, third.accessToken);
  await ask(TokenService, 'revoke', of(bent(third.accessToken)), null);
  await ask(TokenService, 'revoke', of(third.refreshToken), null);
  await ask(
    TokenService,
    'revoke',
    { ...of(third.refreshToken), durability: { replicas: 3 } },
    auth,
  );
  keep(await ask(TokenService, 'issue', { device: DEVICE }, auth));
  await ask(TokenService, 'revokeUser', DEVICE, auth);
  keep(await ask(TokenService, 'issue', { device: DEVICE }, auth));
  await ask(TokenService, 'revokeTenant', DEVICE, auth);
}

async function keys(ask: Ask, keep: (answer?: Record<string, unknown>) => TokenPair, auth: string) {
  await ask(KeyService, 'rotateKey', {});
  await ask(KeyService, 'getJwks', {}, null);
  const listed = await ask(KeyService, 'listKeys', {}, auth);
  await ask(KeyService, 'revokeKey', { keyId: auth }, auth);
  const last = keep(await ask(TokenService, 'issue', { device: DEVICE }, auth));
  const signing = (listed?.['keys'] as { keyId: string }[] | undefined)?.at(-1);
  await ask(KeyService, 'revokeKey', { keyId: signing?.keyId ?? '' }, auth);
  keep(await ask(TokenService, 'refresh', { refreshToken: last.refreshToken }, null));
  keep(await ask(TokenService, 'issue', { device: { ...DEVICE, deviceId: 'tablet' } }, auth));
}

/** Every method of a service that is one request and one answer. */
export function unaryMethods(...services: readonly DescService[]): readonly string[] {
  return services.flatMap((service) =>
    service.methods
      .filter(({ methodKind }) => methodKind === 'unary')
      .map((method) => `${service.typeName}/${method.name}`),
  );
}

function tell(error: unknown): string {
  const { message, rawMessage, details, metadata, code } = ConnectError.from(error);
  const shown = details.map((detail) =>
    'value' in detail && detail.value instanceof Uint8Array
      ? Buffer.from(detail.value).toString('latin1')
      : JSON.stringify(detail),
  );
  return [code, message, rawMessage, ...shown, JSON.stringify([...metadata])].join('\n');
}
