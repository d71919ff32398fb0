import type { CallerAdministration } from '../callers/administer.ts';
import type { FenceWanted } from '../domain/session.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { MethodRule } from './method-rule.ts';
import { callerMethods } from './methods/callers.ts';
import { type CheckDeps, check } from './methods/check.ts';
import { issue, refresh } from './methods/issue.ts';
import { type Keys, keyMethods } from './methods/keys.ts';
import { revoke, revokeTenant, revokeUser } from './methods/revoke.ts';
import { getSession, listSessions } from './methods/sessions.ts';
import {
  batchValidate,
  type ValidateItemsDeps,
  validate,
  validateStream,
} from './methods/validate.ts';
import { type WatchDeps, watch } from './methods/watch.ts';
import { type WatchSessionDeps, watchSession } from './methods/watch-session.ts';

export interface MethodTableDeps extends ValidateItemsDeps, WatchDeps, WatchSessionDeps, CheckDeps {
  readonly tokens: Tokens;
  readonly ring: Keys;
  readonly callers: CallerAdministration;
  /** Whether what ends a session waits for the edges, unless a call says; default NONE. */
  readonly fence?: FenceWanted | undefined;
}

/** Every method of the contract: what it requires of its caller, and what it does. */
export function methodTable(deps: MethodTableDeps): readonly MethodRule[] {
  const { tokens, ring, callers, fence = 'NONE' } = deps;
  return [
    issue(tokens, fence),
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
