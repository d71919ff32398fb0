import { type Caller, PERMISSIONS, type Permission } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { ACCESS } from './access-table.ts';

/** Whose data a call is about. */
export interface Target {
  readonly tenantId: string;
  /** Absent when the call is about a whole tenant. */
  readonly userId?: string | undefined;
}

interface Rule {
  /** Users may do it to themselves: their own tenant and user id. */
  readonly ownUser: boolean;
  /** Whoever holds the token that the message presents may do it to that token's session. */
  readonly holder: boolean;
  /** Touches every tenant at once, so a service caller needs all of them. */
  readonly everyTenant: boolean;
}

/** What the lines of the access table say of each permission, beyond service callers that have it. */
const RULES = Object.fromEntries(
  PERMISSIONS.map((permission) => [permission, ruleOf(permission)]),
) as { readonly [P in Permission]: Rule };

function ruleOf(permission: Permission): Rule {
  const scopes = ACCESS.filter((line) => line.permission === permission).map(({ scope }) => scope);
  return {
    ownUser: scopes.includes('user'),
    holder: scopes.includes('holder'),
    everyTenant: scopes.includes('deployment'),
  };
}

/**
 * Lets a caller do something to a user or a tenant. Looks at no data.
 * @throws CREDENTIAL_MISSING for nobody, PERMISSION_DENIED for somebody who may not.
 */
export function authorise(caller: Caller, permission: Permission, target: Target): void {
  const allowed =
    caller.kind === 'service'
      ? may(caller, permission) && hasTenant(caller.tenants, target.tenantId)
      : RULES[permission].ownUser && isOwn(caller, target);
  if (!allowed) refuse(caller, permission);
}

/**
 * Lets a caller use a token that the message presents: the token is the credential, so that anybody
 * who holds it may, while a service caller still needs the permission and the tenant.
 */
export function authoriseHolder(caller: Caller, permission: Permission, target: Target): void {
  if (caller.kind === 'service') authorise(caller, permission, target);
  else if (!RULES[permission].holder) refuse(caller, permission);
}

/**
 * Lets a service caller do something that is not about one tenant, or whose tenants are checked one
 * by one afterwards.
 */
export function authorisePermission(caller: Caller, permission: Permission): void {
  if (caller.kind !== 'service' || !may(caller, permission)) refuse(caller, permission);
}

/** Whether a set of tenants holds this one. */
export function hasTenant(tenants: ReadonlySet<string> | '*', tenantId: string): boolean {
  return tenants === '*' || tenants.has(tenantId);
}

function may(caller: Caller & { kind: 'service' }, permission: Permission): boolean {
  if (RULES[permission].everyTenant && caller.tenants !== '*') return false;
  return caller.permissions.has(permission);
}

function isOwn(caller: Caller, { tenantId, userId }: Target): boolean {
  if (caller.kind !== 'user') return false;
  return caller.device.tenantId === tenantId && caller.device.userId === userId;
}

/** @throws CREDENTIAL_MISSING for nobody, PERMISSION_DENIED for somebody. */
export function refuse(caller: Caller, permission: Permission): never {
  if (caller.kind === 'anonymous') {
    throw new SignumError('CREDENTIAL_MISSING', 'the call needs a credential');
  }
  throw new SignumError('PERMISSION_DENIED', `the caller may not do this (${permission})`, {
    metadata: { permission },
  });
}
