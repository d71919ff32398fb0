import type { Caller, Permission } from '../domain/caller.ts';
import { ACCESS, type AccessLine } from './access-table.ts';
import { authorisePermission, refuse, type Target } from './authorise.ts';
import type { Access, RequiredAccess } from './required-access.ts';

/**
 * Who may call an endpoint, by the access table.
 * @throws for an endpoint that has no line there, so that it cannot start.
 */
export function accessOf(endpoint: string): Access {
  const lines = ACCESS.filter((line) => line.endpoint === endpoint);
  const [first] = lines;
  if (first === undefined) throw new Error(`the access table has no line for ${endpoint}`);
  const isOpen = lines.some(({ scope }) => scope === 'anyone' || scope === 'holder');
  const hasUsers = lines.some(({ scope }) => scope === 'user');
  const { permission } = first;
  return {
    isOpen,
    checkCaller(caller: Caller) {
      if (permission === undefined) return;
      if (caller.kind === 'service') authorisePermission(caller, permission);
      else if (!isOpen && !(hasUsers && caller.kind === 'user')) refuse(caller, permission);
    },
    required: requiredBy(first, lines),
  };
}

function requiredBy(first: AccessLine, lines: readonly AccessLine[]): Access['required'] {
  if (first.subject === undefined) return requiredOf(first);
  const bySubject = new Map(lines.map((line) => [line.subject, requiredOf(line)]));
  // A message without a subject is refused by its check, to those who hold the permission at all.
  const withoutSubject = withPermission(first);
  return (input) => {
    const { subject } = input as { readonly subject: { readonly case?: string } };
    return bySubject.get(subject.case)?.(input) ?? withoutSubject;
  };
}

function requiredOf(line: AccessLine): Access['required'] {
  if (line.scope === 'anyone') return always({ by: 'anyone' });
  const required = withPermission(line);
  switch (line.scope) {
    case 'holder':
      return always({ ...required, by: 'possession' });
    case 'user':
    case 'tenant':
      return (input) => {
        const target = targetOf(line, input);
        return target === undefined ? required : { ...required, target };
      };
    default:
      return always(required);
  }
}

function always(required: RequiredAccess): Access['required'] {
  return () => required;
}

function withPermission({ permission, endpoint }: AccessLine): {
  readonly by: 'permission';
  readonly permission: Permission;
} {
  if (permission === undefined) throw new Error(`${endpoint} needs a permission`);
  return { by: 'permission', permission };
}

/**
 * The target of a call, or none if the message does not name a tenant: then the message check refuses
 * it, once the caller has shown that it holds the permission at all.
 */
function targetOf({ scope, named }: AccessLine, input: unknown): Target | undefined {
  const found = named?.(input);
  if (found === undefined || found.tenantId === '') return undefined;
  const { tenantId, userId } = found;
  return scope === 'user' ? { tenantId, userId } : { tenantId };
}
