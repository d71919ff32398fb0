import { create } from '@bufbuild/protobuf';
import {
  GetJwksResponseSchema,
  KeyService,
  ListKeysResponseSchema,
  RevokeKeyResponseSchema,
  RotateKeyResponseSchema,
} from '@signum/contract/signum/v1/key_service_pb.js';
import type { Algorithm } from '@signum/token';
import { type Reason, SignumError } from '../../domain/errors.ts';
import type { AdmittedCall } from '../../policy/access.ts';
import type { KeyInfo } from '../../signing/ring/key-info.ts';
import type { KeyRing } from '../../signing/ring/key-ring.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { fromKey } from '../messages/key.ts';
import { fromFence, toDurability, toFence } from '../messages/values.ts';
import { type MethodRule, rule } from '../method-rule.ts';

/** The part of the key ring that KeyService needs. */
export interface Keys extends Pick<KeyRing, 'jwksJson' | 'list' | 'refresh' | 'revoke'> {
  rotate(algorithm: Algorithm | undefined, call: AdmittedCall): Promise<KeyInfo>;
}

/** KeyService. */
export function keyMethods(ring: Keys, tokens: Pick<Tokens, 'revokeKey'>): MethodRule[] {
  return [
    rule(KeyService.method.getJwks, {
      handle: async () => create(GetJwksResponseSchema, { jwksJson: ring.jwksJson() }),
    }),
    rule(KeyService.method.listKeys, {
      async handle() {
        return create(ListKeysResponseSchema, { keys: ring.list().map(fromKey) });
      },
    }),
    rule(KeyService.method.rotateKey, {
      async handle(call, { algorithm }) {
        const wanted = algorithm === '' ? undefined : (algorithm as Algorithm);
        return create(RotateKeyResponseSchema, { key: fromKey(await ring.rotate(wanted, call)) });
      },
    }),
    revokeKey(ring, tokens),
  ];
}

/** With these a revocation has been applied all the same. */
const STANDS: ReadonlySet<Reason> = new Set(['DURABILITY_UNCONFIRMED', 'EDGES_UNCONFIRMED']);

/**
 * The watermarks come first: once every partition refuses the key's tokens, it no longer matters
 * when each server learns that the key has left the ring. The reverse order would leave a moment in
 * which tokens with a known fingerprint are still accepted although the key is shown as revoked.
 */
function revokeKey(ring: Keys, tokens: Pick<Tokens, 'revokeKey'>): MethodRule {
  return rule(KeyService.method.revokeKey, {
    mayWait: () => true,
    async handle(call, request) {
      const { keyId } = request;
      call.about = { keyId };
      const isKnown = () => ring.list().some((key) => key.keyId === keyId);
      // Another server may have made it a moment ago.
      if (!isKnown()) await ring.refresh();
      if (!isKnown()) throw new SignumError('KEY_NOT_FOUND', 'no key of the ring has this id');
      const durability = toDurability(request.durability);
      const fence = toFence(request.fence);
      // The key leaves the ring whether or not replicas, disks and edges confirm that they have heard.
      const raised = await tokens
        .revokeKey(call, { keyId, durability, fence })
        .catch(async (error: unknown) => {
          if (error instanceof SignumError && STANDS.has(error.reason))
            await ring.revoke(keyId, call);
          throw error;
        });
      const key = await ring.revoke(keyId, call);
      return create(RevokeKeyResponseSchema, {
        key: fromKey(key),
        partitions: raised.partitions,
        durability: { ...raised.durability },
        ...fromFence(raised.fence),
      });
    },
  });
}
