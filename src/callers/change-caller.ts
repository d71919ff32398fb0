import type { Call } from '../domain/call.ts';
import type { ServiceCaller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import { checkReach } from '../policy/reach.ts';
import { type CallerRecord, formatCallerRecord, parseCallerRecord } from './caller-record.ts';

export interface ChangeCallerInput {
  readonly records: Records;
  readonly call: Call;
  readonly actor: ServiceCaller;
  readonly name: string;
  /** Pure: it may be asked again if somebody else was faster. */
  readonly change: (record: CallerRecord) => CallerRecord;
}

/** Only the writing back of last uses competes with a change, and rarely. */
const MAX_ATTEMPTS = 5;
const RETRY_AFTER_MS = 100;

/**
 * Changes one caller, if it is within the actor's reach and still is what the change was made from.
 * @throws CALLER_NOT_FOUND, PERMISSION_DENIED, STORE_UNAVAILABLE.
 */
export async function changeCaller(input: ChangeCallerInput): Promise<CallerRecord> {
  const { records, call, actor, name, change } = input;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const text = (await records.all(call)).get(name);
    const record = text === undefined ? undefined : parseCallerRecord(name, text);
    if (text === undefined || record === undefined) {
      throw new SignumError('CALLER_NOT_FOUND', 'no caller has this name');
    }
    checkReach(actor, record);
    const changed = change(record);
    if (await records.put(name, formatCallerRecord(changed), text, call)) return changed;
  }
  throw new SignumError('STORE_UNAVAILABLE', 'the caller is being changed by others', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
