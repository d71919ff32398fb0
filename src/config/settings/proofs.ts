import { duration } from '../kinds/duration.ts';
import { oneOf } from '../kinds/one-of.ts';
import { defaulted } from '../setting.ts';

/** Proofs of the key that a token is bound to (DPoP, RFC 9449). */
export const proofs = {
  title: 'Bound tokens',
  settings: {
    lifetimeMs: defaulted({
      env: 'SIGNUM_DPOP_PROOF_LIFETIME',
      kind: duration({ min: '1s', max: '10m' }),
      default: '60s',
      doc: 'How long a DPoP proof is good after it was made. Each is taken once, and remembered that long.',
    }),
    nonce: defaulted({
      env: 'SIGNUM_DPOP_NONCE',
      kind: oneOf({ off: 'off', required: 'required' }),
      default: 'off',
      doc: 'Whether DPoP proofs must hold a nonce of the server’s, so that none can be made in advance. A client learns it from the first refusal, and makes its proof anew.',
    }),
  },
} as const;
