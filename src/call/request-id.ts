const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/**
 * The id that a call is known by in logs and INTERNAL errors: the client's `x-request-id` when it is
 * 1 to 128 harmless characters, else a new one.
 */
export function requestIdOf(sent: string | undefined, newRequestId: () => string): string {
  return sent !== undefined && REQUEST_ID.test(sent) ? sent : newRequestId();
}
