import type { Deadline } from '../domain/call.ts';
import type { Signing } from '../signing/signing.ts';

interface Outcome {
  readonly status: string;
}

/**
 * Runs a step of the store that begins a token, naming the key that will sign it. The store knows of
 * a revoked key at once, a server by polling: a token signed in between would be dead from birth. So
 * the step is refused with KEY_REVOKED and nothing changed, the server drops the key for good, and
 * the step is tried with the one that signs then. Throws INTERNAL if no key is left.
 */
export async function withSigningKey<T extends Outcome>(
  signing: Pick<Signing, 'currentKeyId' | 'dropKey'>,
  deadline: Deadline,
  run: (keyId: string) => Promise<T>,
): Promise<Exclude<T, { readonly status: 'KEY_REVOKED' }>> {
  for (;;) {
    const keyId = signing.currentKeyId();
    const outcome = await run(keyId);
    if (!isRefused(outcome)) return outcome as Exclude<T, { readonly status: 'KEY_REVOKED' }>;
    await signing.dropKey(keyId, deadline);
  }
}

function isRefused({ status }: Outcome): boolean {
  return status === 'KEY_REVOKED';
}
