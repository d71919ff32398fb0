import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Permission } from '../domain/caller.ts';

/**
 * Whom a call is open to. A service caller needs the permission for all of them but `anyone`.
 *
 * - `anyone`: nobody has to prove anything.
 * - `holder`: whoever holds the token that the message presents; a service caller, if the token is of
 *   one of its tenants.
 * - `presented`: service callers, if the token that the message presents is of one of their tenants.
 * - `items`: service callers; each item is looked at as if it had come alone.
 * - `user`: service callers in the tenant that the message names, and the user that it names.
 * - `tenant`: service callers in the tenant that the message names.
 * - `tenants`: service callers in each tenant that the message names; in all of theirs if it names none.
 * - `deployment`: service callers of every tenant.
 * - `reach`: service callers, over callers that hold no more than they do.
 */
export type Scope =
  | 'anyone'
  | 'holder'
  | 'presented'
  | 'items'
  | 'user'
  | 'tenant'
  | 'tenants'
  | 'deployment'
  | 'reach';

/** Whom a message names; absent if it names nobody. */
export type Named = { readonly tenantId: string; readonly userId?: string } | undefined;

/** A line of the access table. */
export interface AccessLine {
  /** The name of an endpoint, such as `signum.v1.TokenService/Issue`. */
  readonly endpoint: string;
  /** Which requests the line is about, for people: a field of their `subject`; absent: every request. */
  readonly subject?: string | undefined;
  /** Whether it is about this one. With `subject` only. */
  readonly applies?: ((input: unknown) => boolean) | undefined;
  readonly scope: Scope;
  /** Absent with the scope `anyone` only. */
  readonly permission?: Permission | undefined;
  /** For the scopes `user` and `tenant`. Sees the message unchecked: anything may be missing. */
  readonly named?: ((input: unknown) => Named) | undefined;
  /** For the scope `tenants`. Sees the message unchecked too. */
  readonly tenants?: ((input: unknown) => readonly string[]) | undefined;
}

/** The names of the HTTP endpoints that are no RPCs. */
export const JWKS = 'jwks';
export const AUTHZ = 'authz';
export const OAUTH_INTROSPECT = 'oauth/introspect';
export const OAUTH_REVOKE = 'oauth/revoke';
export const OAUTH_TOKEN = 'oauth/token';
export const OAUTH_METADATA = 'oauth/metadata';

const { issue, refresh, validate, batchValidate, revoke, revokeUser, revokeTenant } =
  TokenService.method;
const { validateStream, listSessions, getSession, watchSession } = TokenService.method;
const { getJwks, listKeys, rotateKey, revokeKey } = KeyService.method;
const { createCaller, listCallers, rotateCallerKey, setCallerDisabled, deleteCaller } =
  CallerService.method;

/**
 * Who may call what: the only place that says so. The pipeline enforces it, docs/CALLERS.md and
 * `signum callers matrix` are made from it, and test/security/callers/ walks it over the wire.
 */
export const ACCESS: readonly AccessLine[] = [
  line(issue, 'issue', { scope: 'tenant', named: ({ device }) => device }),
  line(refresh, 'refresh', { scope: 'holder' }),
  line(validate, 'validate', { subject: 'token', scope: 'presented' }),
  line(validate, 'validate', { subject: 'ids', scope: 'tenant', named: subjectOf }),
  line(batchValidate, 'validate', { scope: 'items' }),
  line(validateStream, 'validate', { scope: 'items' }),
  line(revoke, 'revoke', { subject: 'token', scope: 'holder' }),
  line(revoke, 'revoke', { subject: 'ids', scope: 'user', named: subjectOf }),
  line(revoke, 'revoke', { subject: 'session', scope: 'user', named: subjectOf }),
  line(revoke, 'revoke', { subject: 'device', scope: 'user', named: subjectOf }),
  line(revokeUser, 'revoke', { scope: 'user', named: (request) => request }),
  line(revokeTenant, 'revoke', { scope: 'tenant', named: (request) => request }),
  line(listSessions, 'list', { scope: 'user', named: (request) => request }),
  line(getSession, 'list', { scope: 'user', named: ({ device }) => device }),
  line(watchSession, 'watch', { scope: 'holder' }),
  line(getJwks, undefined, { scope: 'anyone' }),
  line(listKeys, 'keys', { scope: 'deployment' }),
  line(rotateKey, 'keys', { scope: 'deployment' }),
  line(revokeKey, 'keys', { scope: 'deployment' }),
  line(createCaller, 'callers', { scope: 'reach' }),
  line(listCallers, 'callers', { scope: 'reach' }),
  line(rotateCallerKey, 'callers', { scope: 'reach' }),
  line(setCallerDisabled, 'callers', { scope: 'reach' }),
  line(deleteCaller, 'callers', { scope: 'reach' }),
  line(FeedService.method.watch, 'watch', {
    scope: 'tenants',
    tenants: ({ request }) => (request.case === 'start' ? request.value.tenantIds : []),
  }),
  line(Authorization.method.check, 'validate', { scope: 'presented' }),
  { endpoint: AUTHZ, permission: 'validate', scope: 'presented' },
  { endpoint: OAUTH_INTROSPECT, permission: 'validate', scope: 'presented' },
  { endpoint: OAUTH_REVOKE, permission: 'revoke', scope: 'holder' },
  { endpoint: OAUTH_TOKEN, permission: 'refresh', scope: 'holder' },
  { endpoint: OAUTH_METADATA, scope: 'anyone' },
  { endpoint: JWKS, scope: 'anyone' },
];

/** Every endpoint that there is a line for. */
export function endpointNames(): string[] {
  return [...new Set(ACCESS.map(({ endpoint }) => endpoint))];
}

/** Full name, such as `signum.v1.TokenService/Issue`. */
export function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

interface Line<I extends DescMessage> {
  readonly subject?: string;
  readonly scope: Scope;
  readonly named?: (message: MessageShape<I>) => Named;
  readonly tenants?: (message: MessageShape<I>) => readonly string[];
}

/** Ties a line to its method; the message's type is checked here and erased afterwards. */
function line<I extends DescMessage>(
  method: DescMethod & { readonly input: I },
  permission: Permission | undefined,
  { subject, scope, ...by }: Line<I>,
): AccessLine {
  const endpoint = nameOf(method);
  const { named, tenants } = by as Pick<AccessLine, 'named' | 'tenants'>;
  const applies =
    subject === undefined
      ? undefined
      : (input: unknown) => (input as Subject).subject.case === subject;
  return { endpoint, subject, applies, scope, permission, named, tenants };
}

interface Subject {
  readonly subject: { readonly case?: string | undefined; readonly value?: unknown };
}

/** The user that a `subject` names: itself, or by its device. */
function subjectOf({ subject }: Subject): Named {
  const value = subject.value as (NonNullable<Named> & { device?: Named }) | undefined;
  return subject.case === 'session' ? value?.device : value;
}
