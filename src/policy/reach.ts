import type { Permission, ServiceCaller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import type { AdmittedCall } from './access.ts';
import { hasTenant, refuse } from './authorise.ts';

/** What a caller holds, or is to hold. */
export interface Grant {
  readonly permissions: readonly Permission[];
  /** `['*']` is every tenant. */
  readonly tenants: readonly string[];
}

/** Who manages callers. Nobody but services is let in for it. */
export function actorOf({ caller }: AdmittedCall): ServiceCaller {
  return caller.kind === 'service' ? caller : refuse(caller, 'callers');
}

/**
 * Lets a caller manage only what lies within its own reach. To manage is to be able to become: who
 * can give another caller a new key can act as that caller. So the same rule holds for granting and
 * for every change.
 * @throws PERMISSION_DENIED naming the permission that is beyond reach.
 */
export function checkReach(actor: ServiceCaller, grant: Grant): void {
  const beyond = beyondReach(actor, grant);
  if (beyond === undefined) return;
  throw new SignumError('PERMISSION_DENIED', 'beyond what the caller itself holds', {
    metadata: { permission: beyond },
  });
}

/**
 * Lets a caller say whose certificates are another caller. Tenants share the names of certificates, so
 * that only a caller of every tenant may: one of some tenants could claim a name that another needs.
 * @throws PERMISSION_DENIED.
 */
export function checkCertificateNames(actor: ServiceCaller, names: readonly string[]): void {
  if (names.length === 0 || actor.tenants === '*') return;
  throw new SignumError('PERMISSION_DENIED', 'only a caller of every tenant names certificates', {
    metadata: { permission: 'callers' },
  });
}

/** Whether a caller may see and manage another. */
export function isWithinReach(actor: ServiceCaller, grant: Grant): boolean {
  return beyondReach(actor, grant) === undefined;
}

/** A permission that is not the actor's; `callers` if it is a tenant that is not. */
function beyondReach(
  actor: ServiceCaller,
  { permissions, tenants }: Grant,
): Permission | undefined {
  const missing = permissions.find((permission) => !actor.permissions.has(permission));
  if (missing) return missing;
  const holdsAll = tenants.every((tenant) =>
    tenant === '*' ? actor.tenants === '*' : hasTenant(actor.tenants, tenant),
  );
  return holdsAll ? undefined : 'callers';
}
