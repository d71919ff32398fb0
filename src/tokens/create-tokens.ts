import type { TokenDeps } from './deps.ts';
import { issue } from './issue.ts';
import { getSession, listSessions } from './list.ts';
import { refresh } from './refresh.ts';
import { revoke, revokeUser } from './revoke.ts';
import type { Tokens } from './tokens.ts';
import { validate } from './validate.ts';
import { revokeKey, revokeTenant } from './watermark.ts';

/** The use-cases, bound to what they work with. */
export function createTokens(deps: TokenDeps): Tokens {
  return {
    issue: (call, input) => issue(deps, call, input),
    refresh: (call, refreshToken) => refresh(deps, call, refreshToken),
    validate: (call, input) => validate(deps, call, input),
    revoke: (call, input) => revoke(deps, call, input),
    revokeUser: (call, input) => revokeUser(deps, call, input),
    revokeTenant: (call, input) => revokeTenant(deps, call, input),
    revokeKey: (call, input) => revokeKey(deps, call, input),
    listSessions: (call, input) => listSessions(deps, call, input),
    getSession: (call, device) => getSession(deps, call, device),
  };
}
