import type { TokenRef } from '@signum/token';
import type { Deadline } from '../../domain/call.ts';
import type { RevocationReason } from '../../domain/session.ts';
import type { ActiveToken } from '../../domain/verdict.ts';
import { decodeClaims, decodeInstant } from '../scripts/claims.ts';
import type { StoreContext } from '../scripts/context.ts';
import { revokedKey, tenantField } from '../scripts/keys.ts';
import { type Reply, SCRIPTS } from '../scripts/script.ts';

export type LookUp = {
  readonly revision: number;
  /** Of the issued token, by `Signing.fingerprint`; empty if it is not known. */
  readonly fingerprint: string;
} & (
  | { readonly status: 'UNKNOWN' | 'EXPIRED' }
  | { readonly status: 'REVOKED'; readonly reason: RevocationReason }
  | {
      readonly status: 'ACTIVE';
      readonly token: ActiveToken;
      readonly keyId: string;
      readonly issuer: string;
      /** When it was looked up, by the store's clock. */
      readonly nowMs: number;
    }
);

/** Looks a token up (lua/validate.lua): active only on a positive answer of the primary. */
export function validate(
  store: StoreContext,
  ref: TokenRef,
  deadline: Deadline,
  kind: 'read' | 'batch' = 'read',
): Promise<LookUp> {
  const { active, partition } = store.keyspace.place(ref);
  const revoked = revokedKey(partition, ref.tokenId);
  const item = {
    keys: [active, revoked, partition.watermarks, partition.revision],
    args: [ref.tokenId, tenantField(ref.tenantId)],
  };
  return store.runner
    .runShared(SCRIPTS.validate, item, deadline, kind)
    .then((reply) => parse(reply, ref));
}

function parse(reply: Reply, ref: TokenRef): LookUp {
  const status = reply[0] as LookUp['status'];
  const revision = reply[1] as number;
  const fingerprint = (reply[3] as string | undefined) ?? '';
  if (status === 'REVOKED')
    return { status, revision, fingerprint, reason: reply[2] as RevocationReason };
  if (status !== 'ACTIVE') return { status, revision, fingerprint };
  const [, , , , sid, iat, exp, kid, issuer] = reply as (string | null)[];
  return {
    status,
    revision,
    fingerprint,
    keyId: kid as string,
    issuer: issuer ?? '',
    nowMs: reply[9] as number,
    token: {
      ref,
      sessionId: sid as string,
      issuedAtMs: decodeInstant(iat),
      expiresAtMs: decodeInstant(exp),
      ...decodeClaims(reply, 10),
    },
  };
}
