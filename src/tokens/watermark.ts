import type { Call } from '../domain/call.ts';
import { callerName } from '../domain/caller.ts';
import { type Mark, raiseWatermark } from '../store/sessions/watermark.ts';
import type { TokenDeps } from './deps.ts';
import { type TokenEvent, tellIfUnconfirmed } from './event.ts';
import type { RevokeKeyInput, RevokeTenantInput, WatermarkRaised } from './tokens.ts';

/** Ends every session of a tenant that has begun so far. */
export async function revokeTenant(
  deps: TokenDeps,
  call: Call,
  input: RevokeTenantInput,
): Promise<WatermarkRaised> {
  const { tenantId } = input;
  const event: TokenEvent = { event: 'revoke_tenant', call, tenantId, reason: 'TENANT' };
  const raising = raise(deps, call, { tenantId }, input.durability);
  const raised = await tellIfUnconfirmed(deps.onEvent, event, raising);
  deps.onEvent(event);
  return raised;
}

/** Refuses every access token that a key has signed. */
export async function revokeKey(
  deps: TokenDeps,
  call: Call,
  input: RevokeKeyInput,
): Promise<WatermarkRaised> {
  const { keyId } = input;
  const event: TokenEvent = { event: 'revoke_key', call, keyId, reason: 'KEY' };
  const raising = raise(deps, call, { keyId }, input.durability);
  const raised = await tellIfUnconfirmed(deps.onEvent, event, raising);
  deps.onEvent(event);
  return raised;
}

async function raise(
  deps: TokenDeps,
  call: Call,
  mark: Mark,
  durability = deps.policy.durability,
): Promise<WatermarkRaised> {
  const { partitions, reached } = await raiseWatermark(
    deps.store,
    mark,
    callerName(call.caller),
    durability,
    call,
  );
  return { partitions, durability: reached };
}
