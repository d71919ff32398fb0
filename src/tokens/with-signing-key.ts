import type { Deadline } from '../domain/call.ts';
import type { Signing } from '../signing/signing.ts';

interface Outcome {
  readonly status: string;
  readonly grant?: { readonly keyId: string };
}

/**
 * Runs a step of the store that gives out a token, naming the key that will sign it. The store knows
 * of a revoked key at once, a server by polling: a token signed in between would be dead from birth.
 * So the step is refused with KEY_REVOKED and nothing changed, the server drops the key for good, and
 * the step is tried with the one that signs then. A step that answers an earlier token again may name
 * a key that has left the ring since: it is told so, and gives the session another token.
 * Throws INTERNAL if no key is left.
 */
export async function withSigningKey<T extends Outcome>(
  signing: Pick<Signing, 'currentKeyId' | 'dropKey' | 'signsWith'>,
  deadline: Deadline,
  run: (keyId: string, staleKeyId: string) => Promise<T>,
): Promise<Exclude<T, { readonly status: 'KEY_REVOKED' }>> {
  let staleKeyId = '';
  for (;;) {
    const keyId = signing.currentKeyId();
    const outcome = await run(keyId, staleKeyId);
    if (outcome.status === 'KEY_REVOKED') await signing.dropKey(keyId, deadline);
    else if (!isAgain(outcome) || signing.signsWith(outcome.grant.keyId)) {
      return outcome as Exclude<T, { readonly status: 'KEY_REVOKED' }>;
    } else staleKeyId = outcome.grant.keyId;
  }
}

/** Whether it answers a token that was given out before. */
function isAgain(outcome: Outcome): outcome is Outcome & { readonly grant: { keyId: string } } {
  return outcome.status === 'REPLAYED' || outcome.status === 'REPEATED';
}
