import type { Call } from '../domain/call.ts';
import { callerName } from '../domain/caller.ts';
import { authoriseFence } from '../policy/authorise.ts';
import { type Mark, raiseWatermark } from '../store/sessions/watermark.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellAfter, tellIfUnconfirmed } from './event.ts';
import { raiseFence } from './fence.ts';
import type { RevokeKeyInput, RevokeTenantInput, WatermarkRaised } from './tokens.ts';

/** Ends every session of a tenant that has begun so far. */
export async function revokeTenant(
  deps: TokenDeps,
  call: Call,
  input: RevokeTenantInput,
): Promise<WatermarkRaised> {
  const { tenantId } = input;
  const event: TokenEvent = { event: 'revoke_tenant', call, tenantId, reason: 'TENANT' };
  return raise(deps, { tenantId }, input, event);
}

/** Refuses every access token that a key has signed. */
export async function revokeKey(
  deps: TokenDeps,
  call: Call,
  input: RevokeKeyInput,
): Promise<WatermarkRaised> {
  const { keyId } = input;
  const event: TokenEvent = { event: 'revoke_key', call, keyId, reason: 'KEY' };
  return raise(deps, { keyId }, input, event);
}

async function raise(
  deps: TokenDeps,
  mark: Mark,
  input: Pick<RevokeTenantInput, 'durability' | 'fence'>,
  event: TokenEvent,
): Promise<WatermarkRaised> {
  const { call } = event;
  const durability = input.durability ?? deps.policy.durability;
  const awaited = authoriseFence(call.caller, input.fence, deps.policy.fence);
  const { partitions, revisions, reached } = await tellIfUnconfirmed(
    deps.onEvent,
    event,
    raiseWatermark(deps.store, mark, callerName(call.caller), durability, call, awaited),
  );
  const places = revisions.map((revision, partition) => ({ partition, revision }));
  const fence = await tellAfter(deps.onEvent, [event], () =>
    raiseFence(deps, call, awaited, places, durability),
  );
  return { partitions, durability: reached, fence };
}
