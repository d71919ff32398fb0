import type { DeviceRef } from '@signum/token';
import type { Session } from '../domain/session.ts';
import type { ValidateInput, Validation } from '../domain/verdict.ts';
import type { AdmittedCall } from '../policy/access.ts';
import type { TokenDeps } from './deps.ts';
import { type Issued, type IssueInput, issue } from './issue.ts';
import { getSession, type ListSessionsInput, listSessions, type SessionPage } from './list.ts';
import { type Refreshed, type RefreshInput, refresh } from './refresh.ts';
import {
  type Revoked,
  type RevokeInput,
  type RevokeUserInput,
  revoke,
  revokeUser,
} from './revoke.ts';
import { validate } from './validate.ts';
import {
  type RevokeKeyInput,
  type RevokeTenantInput,
  revokeKey,
  revokeTenant,
  type WatermarkRaised,
} from './watermark.ts';

/** The use-cases: what Signum does, free of any wire format. Each fails with a SignumError only. */
export interface Tokens {
  issue(call: AdmittedCall, input: IssueInput): Promise<Issued>;
  refresh(call: AdmittedCall, input: RefreshInput): Promise<Refreshed>;
  validate(call: AdmittedCall, input: ValidateInput): Promise<Validation>;
  revoke(call: AdmittedCall, input: RevokeInput): Promise<Revoked>;
  revokeUser(call: AdmittedCall, input: RevokeUserInput): Promise<Revoked>;
  revokeTenant(call: AdmittedCall, input: RevokeTenantInput): Promise<WatermarkRaised>;
  /** The kill switch for a signing key: no token that it signed is accepted from now on. */
  revokeKey(call: AdmittedCall, input: RevokeKeyInput): Promise<WatermarkRaised>;
  listSessions(call: AdmittedCall, input: ListSessionsInput): Promise<SessionPage>;
  getSession(call: AdmittedCall, device: DeviceRef): Promise<Session>;
}

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
