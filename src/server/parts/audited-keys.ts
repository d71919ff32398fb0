import type { Keys } from '../../rpc/methods/keys.ts';
import type { KeyRing } from '../../signing/ring/key-ring.ts';
import type { Report } from '../reports/report.ts';

/** The key ring as KeyService uses it: a rotation is told to the audit trail once it is done. */
export function auditedKeys(ring: KeyRing, report: Report): Keys {
  return {
    jwksJson: () => ring.jwksJson(),
    list: () => ring.list(),
    refresh: () => ring.refresh(),
    revoke: (keyId, call) => ring.revoke(keyId, call),
    async rotate(algorithm, call) {
      const key = await ring.rotate(algorithm, call);
      report.keyRotated(call, key.keyId);
      return key;
    },
  };
}
