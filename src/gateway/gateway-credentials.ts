import type { Head } from '../call/head.ts';
import type { Credentials } from '../callers/authenticate.ts';
import { invalidField } from '../domain/errors.ts';

/**
 * What a gateway shows of itself: an API key in `x-signum-key`, or a client certificate. Not in
 * `authorization`, which gateways pass on as their client has sent it.
 */
export function gatewayCredentials(head: Head): Credentials {
  const { certificateNames } = head.peer;
  const [key, ...others] = head.headerValues('x-signum-key');
  if (others.length > 0) throw invalidField('x-signum-key', 'must come once');
  return { authorization: key === undefined ? undefined : `Bearer ${key}`, certificateNames };
}
