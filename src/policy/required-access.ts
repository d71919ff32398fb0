import type { Caller, Permission } from '../domain/caller.ts';
import { authorise, authorisePermission, type Target } from './authorise.ts';

/** What a call requires of its caller before anything is looked up. */
export type RequiredAccess =
  /** Anybody may. */
  | { readonly by: 'anyone' }
  /**
   * The message holds a token, and whoever holds the token may. A service caller needs the
   * permission all the same; its tenant is checked once the token has been read.
   */
  | { readonly by: 'possession'; readonly permission: Permission }
  /** Only with the permission, and in the target's tenant or as the target's user if it has one. */
  | { readonly by: 'permission'; readonly permission: Permission; readonly target?: Target };

/** Who may call an endpoint, made of its lines in the access table. */
export interface Access {
  /** Whether there is a message with which nobody has to be known. */
  readonly isOpen: boolean;
  /**
   * Before the message is read: refuses a caller who may not, whatever the message says.
   * @throws CREDENTIAL_MISSING or PERMISSION_DENIED.
   */
  checkCaller(caller: Caller): void;
  /** What a message requires. It is unchecked. */
  required(input: unknown): RequiredAccess;
}

/** @throws CREDENTIAL_MISSING or PERMISSION_DENIED for a caller who does not meet it. */
export function meetAccess(required: RequiredAccess, caller: Caller): void {
  if (required.by === 'anyone') return;
  const { permission } = required;
  if (required.by === 'possession') {
    if (caller.kind === 'service') authorisePermission(caller, permission);
  } else if (required.target === undefined) {
    authorisePermission(caller, permission);
  } else {
    authorise(caller, permission, required.target);
  }
}
