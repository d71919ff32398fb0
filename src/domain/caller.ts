import type { DeviceRef } from '@signum/token';

/** What a service caller may do. */
export type Permission =
  | 'issue'
  | 'refresh'
  | 'validate'
  | 'revoke'
  | 'list'
  | 'keys'
  | 'callers'
  | 'watch';

export const PERMISSIONS: readonly Permission[] = [
  'issue',
  'refresh',
  'validate',
  'revoke',
  'list',
  'keys',
  'callers',
  'watch',
];

/** A service that has proved who it is, by API key or client certificate. */
export interface ServiceCaller {
  readonly kind: 'service';
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The tenants it may act in; `'*'` is every tenant. */
  readonly tenants: ReadonlySet<string> | '*';
}

/** A user who has presented an active access token of their own. */
export interface UserCaller {
  readonly kind: 'user';
  readonly device: DeviceRef;
  readonly sessionId: string;
}

/** Nobody: no credential was presented. */
export interface AnonymousCaller {
  readonly kind: 'anonymous';
}

export type Caller = ServiceCaller | UserCaller | AnonymousCaller;

export const ANONYMOUS: AnonymousCaller = { kind: 'anonymous' };

/** How a caller is named in revocation records, logs and audit events. */
export function callerName(caller: Caller): string {
  return caller.kind === 'service' ? caller.name : caller.kind;
}
