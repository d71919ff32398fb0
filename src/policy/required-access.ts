import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { Caller, Permission } from '../domain/caller.ts';
import { ACCESS, type Access } from './access.ts';
import { authorise, authorisePermission, type Target } from './authorise.ts';

/** What a call demands of its caller before anything is looked up. */
export type Demand =
  /** Anybody may. */
  | { readonly by: 'anyone' }
  /**
   * The message holds a token, and whoever holds the token may. A service caller needs the
   * permission all the same; its tenant is checked once the token has been read.
   */
  | { readonly by: 'possession'; readonly permission: Permission }
  /** Only with the permission, and in the target's tenant or as the target's user if it has one. */
  | { readonly by: 'permission'; readonly permission: Permission; readonly target?: Target };

/** What a message demands. It is unchecked. */
type DemandOf = (message: Message) => Demand;

/** Finds out what a call of one method demands, by the access table. */
export function demandsOf(method: DescMethod): DemandOf {
  const lines = ACCESS.filter((access) => access.method === method);
  const [only] = lines;
  if (only === undefined) throw new Error(`the access table has no line for ${method.name}`);
  if (only.subject === undefined) return demandOf(only);
  const bySubject = new Map(lines.map((access) => [access.subject, demandOf(access)]));
  // A message without a subject is refused by its check, to those who hold the permission at all.
  const withoutSubject = withPermission(only);
  return (message) => {
    const { subject } = message as Message & { subject: { case?: string } };
    return bySubject.get(subject.case)?.(message) ?? withoutSubject;
  };
}

/** @throws CREDENTIAL_MISSING or PERMISSION_DENIED for a caller who does not meet it. */
export function meetDemand(demand: Demand, caller: Caller): void {
  if (demand.by === 'anyone') return;
  const { permission } = demand;
  if (demand.by === 'possession') {
    if (caller.kind === 'service') authorisePermission(caller, permission);
  } else if (demand.target === undefined) {
    authorisePermission(caller, permission);
  } else {
    authorise(caller, permission, demand.target);
  }
}

function demandOf(access: Access): DemandOf {
  if (access.scope === 'anyone') return always({ by: 'anyone' });
  const demand = withPermission(access);
  switch (access.scope) {
    case 'holder':
      return always({ ...demand, by: 'possession' });
    case 'user':
    case 'tenant':
      return (message) => {
        const target = targetOf(access, message);
        return target === undefined ? demand : { ...demand, target };
      };
    default:
      return always(demand);
  }
}

function always(demand: Demand): DemandOf {
  return () => demand;
}

function withPermission({ permission, method }: Access): Demand & { readonly by: 'permission' } {
  if (permission === undefined) throw new Error(`${method.name} needs a permission`);
  return { by: 'permission', permission };
}

/**
 * The target of a demand, or none if the message does not name a tenant: then the message check
 * refuses it, once the caller has shown that it holds the permission at all.
 */
function targetOf({ scope, named }: Access, message: Message): Target | undefined {
  const found = named?.(message);
  if (found === undefined || found.tenantId === '') return undefined;
  const { tenantId, userId } = found;
  return scope === 'user' ? { tenantId, userId } : { tenantId };
}
