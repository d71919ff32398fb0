import type { Call } from '../domain/call.ts';
import type { ServiceCaller } from '../domain/caller.ts';
import type { Target } from './authorise.ts';

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
