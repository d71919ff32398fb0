import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authenticate } from '../../callers/authenticate.ts';
import { ANONYMOUS, type ServiceCaller } from '../../domain/caller.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';

/** Whoever may ask. Which tenants it is answered about, the server decides for the edge's own caller. */
const GATEWAY: ServiceCaller = {
  kind: 'service',
  name: 'gateway',
  permissions: new Set(['validate']),
  tenants: '*',
};

const BEARER = 'Bearer ';

export interface GatewayAdmission {
  readonly authenticate: Authenticate;
  /** Other keys than before. */
  useKeys(keys: readonly Secret[]): void;
}

/**
 * Says which gateways may ask: those with one of the keys, or with a certificate of any name that TLS has verified. If
 * neither is set, everybody who can reach the listener.
 */
export function createGatewayAdmission(options: {
  readonly keys: readonly Secret[];
  /** Whether certificates are asked for. */
  readonly byCertificate: boolean;
}): GatewayAdmission {
  const { byCertificate } = options;
  let digests = options.keys.map(digestOf);
  /** Headers that have shown a key, one for each; why in clear, see callers/credential-cache.ts. */
  const good = new Set<string>();
  /** Digests are compared, so that nothing of a key shows in the time that it takes. */
  const isKey = (text: string) => {
    const digest = sha256(text);
    return digests.some((each) => timingSafeEqual(each, digest));
  };
  return {
    authenticate({ authorization, certificateNames }) {
      if (digests.length === 0 && !byCertificate) return GATEWAY;
      if (authorization?.startsWith(BEARER) && digests.length > 0) {
        if (good.has(authorization)) return GATEWAY;
        if (!isKey(authorization.slice(BEARER.length))) {
          throw new SignumError('CREDENTIAL_INVALID', 'the key of the gateway is not good');
        }
        good.add(authorization);
        return GATEWAY;
      }
      return byCertificate && certificateNames.length > 0 ? GATEWAY : ANONYMOUS;
    },
    useKeys(keys) {
      digests = keys.map(digestOf);
      good.clear();
    },
  };
}

function digestOf(key: Secret): Buffer {
  return sha256(key.reveal());
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
