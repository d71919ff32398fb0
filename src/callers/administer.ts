import { randomBytes } from 'node:crypto';
import type { Call } from '../domain/call.ts';
import { PERMISSIONS } from '../domain/caller.ts';
import { invalidField } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import type { AdmittedCall } from '../policy/access.ts';
import { actorOf, checkReach, isWithinReach } from '../policy/reach.ts';
import { type CallerRecord, parseCallerRecord } from './caller-record.ts';
import { type CallerView, viewCaller } from './caller-view.ts';
import { changeCaller } from './change-caller.ts';
import { type CallerBounds, createCaller, type NewCaller } from './create-caller.ts';
import { readJwks } from './public-keys.ts';
import type { CallerRegistry } from './registry.ts';
import { type KeyMakingDeps, keepForOverlap, makeKey } from './stored-key.ts';

/** The use-cases behind CallerService. */
export interface CallerAdministration {
  /** Fails with INVALID_FIELD, CALLER_EXISTS, CALLER_LIMIT, PERMISSION_DENIED. */
  create(call: AdmittedCall, input: NewCaller): Promise<CallerWithKey>;
  /** All callers within `call.caller`'s reach, by name. */
  list(call: AdmittedCall): Promise<readonly CallerView[]>;
  /** Fails with INVALID_FIELD, CALLER_NOT_FOUND, PERMISSION_DENIED. */
  rotateKey(call: AdmittedCall, input: NewKey): Promise<CallerWithKey>;
  /** Fails with CALLER_NOT_FOUND, PERMISSION_DENIED. */
  setDisabled(call: AdmittedCall, name: string, disabled: boolean): Promise<CallerView>;
  /** Whether there was such a caller. Fails with PERMISSION_DENIED. */
  delete(call: AdmittedCall, name: string): Promise<boolean>;
}

export interface CallerWithKey {
  readonly caller: CallerView;
  /** Shown this once; absent if none was made. */
  readonly apiKey?: string | undefined;
}

export interface NewKey {
  readonly name: string;
  /** For ever when absent. */
  readonly keyLifetimeMs?: number | undefined;
  /** How long the key before goes on working; 24 h when absent, 0 to end it now. */
  readonly overlapMs?: number | undefined;
  /** Public keys instead of those it has, as JSON; no API key is made then. */
  readonly jwks?: string | undefined;
}

/** A change to a caller, for the audit trail. */
export interface CallerEvent {
  readonly event:
    | 'caller_create'
    | 'caller_rotate_key'
    | 'caller_disable'
    | 'caller_enable'
    | 'caller_delete';
  readonly call: Call;
  /** The caller that was changed. */
  readonly target: string;
}

export interface AdministrationDeps extends Omit<KeyMakingDeps, 'randomBytes'> {
  readonly records: Records;
  readonly bounds: CallerBounds;
  readonly registry: Pick<CallerRegistry, 'reload'>;
  /** Told of every change once it is done. Must not throw. */
  readonly onEvent: (event: CallerEvent) => void;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
  /** Default: the system's. */
  readonly randomBytes?: KeyMakingDeps['randomBytes'];
}

const DEFAULT_OVERLAP_MS = 24 * 3_600_000;
/** What a document that cannot be read may have granted. */
const EVERYTHING = { permissions: PERMISSIONS, tenants: ['*'] };

export function createCallerAdministration(given: AdministrationDeps): CallerAdministration {
  const deps = { now: Date.now, randomBytes, ...given };
  const { records, registry, now } = deps;

  /** Tells of a change and lets this server know it at once; the others follow by themselves. */
  const done = async (event: CallerEvent['event'], call: Call, target: string) => {
    deps.onEvent({ event, call, target });
    // The change is made: that this server has yet to learn of it is no failure of the call.
    await registry.reload(call).catch(() => {});
  };

  return {
    async create(call, input) {
      call.about = { target: input.name };
      const { record, apiKey } = await createCaller(deps, call, actorOf(call), input);
      await done('caller_create', call, record.name);
      return { caller: viewCaller(record, now()), apiKey };
    },

    async list(call) {
      const actor = actorOf(call);
      const documents = await records.all(call);
      return [...documents]
        .map(([name, text]) => parseCallerRecord(name, text))
        .filter((record) => record !== undefined)
        .filter((record) => isWithinReach(actor, record))
        .map((record) => viewCaller(record, now()))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async rotateKey(call, input) {
      const { name } = input;
      call.about = { target: name };
      const actor = actorOf(call);
      const { apiKey, change } = keysToGive(deps, now(), input);
      const changed = await changeCaller({ records, call, actor, name, change });
      await done('caller_rotate_key', call, name);
      return { caller: viewCaller(changed, now()), apiKey };
    },

    async setDisabled(call, name, disabled) {
      call.about = { target: name };
      const actor = actorOf(call);
      const change = changeCaller({
        records,
        call,
        actor,
        name,
        change: (record) => ({ ...record, disabled }),
      });
      const changed = await change;
      await done(disabled ? 'caller_disable' : 'caller_enable', call, name);
      return viewCaller(changed, now());
    },

    async delete(call, name) {
      call.about = { target: name };
      const actor = actorOf(call);
      const text = (await records.all(call)).get(name);
      if (text === undefined) return false;
      checkReach(actor, parseCallerRecord(name, text) ?? EVERYTHING);
      const deleted = await records.delete(name, call);
      await done('caller_delete', call, name);
      return deleted;
    },
  };
}

/** What a caller gets: an API key beside the one it has, or public keys instead of its own. */
function keysToGive(
  deps: KeyMakingDeps,
  nowMs: number,
  { keyLifetimeMs, overlapMs, jwks }: NewKey,
): Pick<CallerWithKey, 'apiKey'> & { readonly change: (record: CallerRecord) => CallerRecord } {
  if (jwks !== undefined) {
    if (keyLifetimeMs !== undefined) throw invalidField('key_lifetime', 'must be absent with jwks');
    if (overlapMs !== undefined) throw invalidField('overlap', 'must be absent with jwks');
    const publicKeys = readJwks(jwks);
    return { change: (record) => ({ ...record, publicKeys }) };
  }
  const { apiKey, stored } = makeKey(deps, nowMs, keyLifetimeMs);
  const change = (record: CallerRecord) => {
    const before = keepForOverlap(record.keys, nowMs, overlapMs ?? DEFAULT_OVERLAP_MS);
    return { ...record, keys: [stored, ...before] };
  };
  return { apiKey, change };
}
