import type { CallerAdministration } from '../callers/administer.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { MethodRule } from './method-rule.ts';
import { batchValidate } from './methods/batch-validate.ts';
import { callerMethods } from './methods/callers.ts';
import { type CheckDeps, check } from './methods/check.ts';
import { getSession } from './methods/sessions.ts';
import { issue } from './methods/issue.ts';
import { type Keys, keyMethods } from './methods/keys.ts';
import { listSessions } from './methods/list-sessions.ts';
import { refresh } from './methods/refresh.ts';
import { revoke } from './methods/revoke.ts';
import { revokeTenant } from './methods/revoke-tenant.ts';
import { revokeUser } from './methods/revoke-user.ts';
import { validate } from './methods/validate.ts';
import type { ValidateItemsDeps } from './methods/validate-items.ts';
import { validateStream } from './methods/validate-stream.ts';
import { type WatchDeps, watch } from './methods/watch.ts';
import { type WatchSessionDeps, watchSession } from './methods/watch-session.ts';

export interface MethodTableDeps extends ValidateItemsDeps, WatchDeps, WatchSessionDeps, CheckDeps {
  readonly tokens: Tokens;
  readonly ring: Keys;
  readonly callers: CallerAdministration;
}

/** Every method of the contract: what it demands of its caller, and what it does. */
export function methodTable(deps: MethodTableDeps): readonly MethodRule[] {
  const { tokens, ring, callers } = deps;
  return [
    issue(tokens),
    refresh(tokens),
    validate(tokens),
    batchValidate(deps),
    validateStream(deps),
    revoke(tokens),
    revokeUser(tokens),
    revokeTenant(tokens),
    listSessions(tokens),
    getSession(tokens),
    watchSession(deps),
    check(deps),
    ...keyMethods(ring, tokens),
    ...callerMethods(callers),
    watch(deps),
  ];
}
