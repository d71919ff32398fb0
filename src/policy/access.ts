import type { Call } from '../domain/call.ts';
import type { Caller, Permission, ServiceCaller } from '../domain/caller.ts';
import { ACCESS, type AccessLine } from './access-table.ts';
import {
  authorise,
  authoriseHolder,
  authorisePermission,
  refuse,
  type Target,
} from './authorise.ts';

/**
 * Who may call an endpoint, made of its lines in the access table. The pipeline asks three times, each
 * as soon as there is something to go by.
 * @throws CREDENTIAL_MISSING or PERMISSION_DENIED, each of them.
 */
export interface Access {
  /** Whether there is a message with which nobody has to be known. */
  readonly isOpen: boolean;
  /** Before the message is read: refuses a caller who may not, whatever it says. */
  checkCaller(caller: Caller): void;
  /** Whom the message names, if it does. It is unchecked. */
  targetOf(input: unknown): Target | undefined;
  /** Refuses a caller who may not do what the message asks for. The message is unchecked. */
  checkMessage(caller: Caller, input: unknown): void;
  /** Refuses a caller who may not use the token that the message has presented: it is this user's. */
  checkToken(caller: Caller, of: Target): void;
}

type Check = Access['checkMessage'];

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
    checkCaller(caller) {
      if (permission === undefined) return;
      if (caller.kind === 'service') authorisePermission(caller, permission);
      else if (!isOpen && !(hasUsers && caller.kind === 'user')) refuse(caller, permission);
    },
    targetOf: (input) => targetOf(lineFor(lines, input), input),
    checkMessage: messageCheck(first, lines),
    checkToken: tokenCheck(endpoint, lines),
  };
}

/** The line that is about this message. */
function lineFor(lines: readonly AccessLine[], input: unknown): AccessLine | undefined {
  for (const line of lines) {
    if (line.applies === undefined || line.applies(input)) return line;
  }
  return undefined;
}

function messageCheck(first: AccessLine, lines: readonly AccessLine[]): Check {
  const checks = new Map(lines.map((line) => [line, lineCheck(line)]));
  return (caller, input) => {
    const line = lineFor(lines, input);
    if (line !== undefined) checks.get(line)?.(caller, input);
    // What no line is about is refused by its check, to those who hold the permission at all.
    else authorisePermission(caller, permissionOf(first));
  };
}

function lineCheck(line: AccessLine): Check {
  if (line.scope === 'anyone') return () => {};
  const permission = permissionOf(line);
  switch (line.scope) {
    case 'holder':
      return (caller) => {
        if (caller.kind === 'service') authorisePermission(caller, permission);
      };
    case 'user':
    case 'tenant':
      return (caller, input) => {
        const target = targetOf(line, input);
        if (target === undefined) authorisePermission(caller, permission);
        else authorise(caller, permission, target);
      };
    case 'tenants':
      return (caller, input) => {
        authorisePermission(caller, permission);
        for (const tenantId of line.tenants?.(input) ?? []) {
          if (tenantId !== '') authorise(caller, permission, { tenantId });
        }
      };
    default:
      return (caller) => authorisePermission(caller, permission);
  }
}

function tokenCheck(endpoint: string, lines: readonly AccessLine[]): Access['checkToken'] {
  for (const line of lines) {
    if (line.scope === 'holder') {
      const permission = permissionOf(line);
      return (caller, of) => authoriseHolder(caller, permission, of);
    }
    if (line.scope === 'presented' || line.scope === 'items') {
      const permission = permissionOf(line);
      return (caller, of) => authorise(caller, permission, of);
    }
  }
  return () => {
    throw new Error(`no line of the access table lets ${endpoint} use a token`);
  };
}

function permissionOf({ permission, endpoint }: AccessLine): Permission {
  if (permission === undefined) throw new Error(`${endpoint} needs a permission`);
  return permission;
}

/**
 * The target of a call, or none if the message does not name a tenant: then the message check refuses
 * it, once the caller has shown that it holds the permission at all.
 */
function targetOf(line: AccessLine | undefined, input: unknown): Target | undefined {
  const found = line?.named?.(input);
  if (found === undefined || found.tenantId === '') return undefined;
  const { tenantId, userId } = found;
  return line?.scope === 'user' ? { tenantId, userId } : { tenantId };
}

declare const ADMITTED: unique symbol;

/**
 * A call whose caller has been let in, for this message. Handlers and use-cases take no other, so that
 * what goes round the pipeline does not compile.
 */
export interface AdmittedCall extends Call {
  readonly [ADMITTED]: true;
  /**
   * To be called with whose the token is that the message has presented, as soon as it has been read:
   * nobody can tell before.
   * @throws CREDENTIAL_MISSING or PERMISSION_DENIED for a caller who may not use it.
   */
  authoriseToken(of: Target): void;
}

/** For the pipeline alone, which test/architecture.test.ts sees to: it has let the caller in. */
export function admitted<C extends Call & Pick<AdmittedCall, 'authoriseToken'>>(
  call: C,
): C & AdmittedCall {
  return call as C & AdmittedCall;
}

const SELF: ServiceCaller = {
  kind: 'service',
  name: 'signum',
  permissions: new Set(['validate']),
  tenants: '*',
};

/** A call of the service's own, to find out who somebody is. For whoever authenticates alone. */
export function ownCall(call: Omit<Call, 'caller'>): AdmittedCall {
  return admitted({ ...call, caller: SELF, authoriseToken() {} });
}
