import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { ask } from '../../gateway/ask.ts';
import { readCheck, writeCheck } from '../../gateway/envoy.ts';
import { gatewayCredentials } from '../../gateway/gateway-credentials.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { rule } from '../method-rule.ts';

export interface CheckDeps {
  readonly tokens: Pick<Tokens, 'validate'>;
  /** Name of a cookie that may hold the access token; undefined: none may. */
  readonly cookie?: string | undefined;
  /** What the answers tell besides, as dynamic metadata. */
  readonly told?: (() => Readonly<Record<string, string>>) | undefined;
}

/** What Envoy's ext_authz filter asks over gRPC. */
export function check({ tokens, cookie, told }: CheckDeps) {
  return rule(Authorization.method.check, {
    credentials: gatewayCredentials,
    check() {},
    handle: async (call, request) =>
      writeCheck(await ask(tokens, call, readCheck(request, cookie)), told?.()),
  });
}
