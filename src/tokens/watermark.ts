import { callerName } from '../domain/caller.ts';
import type {
  Durability,
  DurabilityReached,
  FenceReached,
  FenceWanted,
} from '../domain/session.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { authoriseFence } from '../policy/waiting.ts';
import { type Mark, raiseWatermark } from '../store/sessions/watermark.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellAfter, tellIfUnconfirmed } from './event.ts';

export interface RevokeTenantInput {
  readonly tenantId: string;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface RevokeKeyInput {
  readonly keyId: string;
  readonly durability?: Durability | undefined;
  /** The deployment's default when absent. */
  readonly fence?: FenceWanted | undefined;
}

export interface WatermarkRaised {
  readonly partitions: number;
  readonly durability: DurabilityReached;
  /** Absent unless it was to be waited for. */
  readonly fence?: FenceReached | undefined;
}

/** Ends every session of a tenant that has begun so far. */
export async function revokeTenant(
  deps: TokenDeps,
  call: AdmittedCall,
  input: RevokeTenantInput,
): Promise<WatermarkRaised> {
  const { tenantId } = input;
  const event: TokenEvent = { event: 'revoke_tenant', call, tenantId, reason: 'TENANT' };
  return raise(deps, call, { tenantId }, input, event);
}

/** Refuses every access token that a key has signed. */
export async function revokeKey(
  deps: TokenDeps,
  call: AdmittedCall,
  input: RevokeKeyInput,
): Promise<WatermarkRaised> {
  const { keyId } = input;
  const event: TokenEvent = { event: 'revoke_key', call, keyId, reason: 'KEY' };
  return raise(deps, call, { keyId }, input, event);
}

async function raise(
  deps: TokenDeps,
  call: AdmittedCall,
  mark: Mark,
  input: Pick<RevokeTenantInput, 'durability' | 'fence'>,
  event: TokenEvent,
): Promise<WatermarkRaised> {
  const durability = input.durability ?? deps.policy.durability;
  const awaited = authoriseFence(call.caller, input.fence, deps.policy.fence);
  const { partitions, revisions, reached } = await tellIfUnconfirmed(
    deps.onEvent,
    event,
    raiseWatermark(deps.store, mark, callerName(call.caller), durability, call, awaited),
  );
  const places = revisions.map((revision, partition) => ({ partition, revision }));
  const fence = await tellAfter(deps.onEvent, [event], async () =>
    awaited ? deps.fence(places, durability, call) : undefined,
  );
  return { partitions, durability: reached, fence };
}
