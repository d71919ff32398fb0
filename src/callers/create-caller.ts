import { isId } from '@signum/token';
import type { Call } from '../domain/call.ts';
import type { Permission, ServiceCaller } from '../domain/caller.ts';
import { invalidField, SignumError } from '../domain/errors.ts';
import type { Records } from '../domain/records.ts';
import { checkCertificateNames, checkReach } from '../policy/reach.ts';
import { type CallerRecord, formatCallerRecord, parseCallerRecord } from './caller-record.ts';
import { readJwks } from './public-keys.ts';
import { type KeyMakingDeps, makeKey } from './stored-key.ts';

export interface NewCaller {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly tenants: readonly string[];
  readonly certificateNames: readonly string[];
  readonly withoutKey: boolean;
  /** For ever when absent. */
  readonly keyLifetimeMs?: number | undefined;
  /** A JWK Set as JSON; no public keys when absent. */
  readonly jwks?: string | undefined;
}

export interface CreatedCaller {
  readonly record: CallerRecord;
  readonly apiKey?: string | undefined;
}

/** How many callers there may be. */
export interface CallerBounds {
  readonly max: number;
  /** That name one tenant, as far as callers of some tenants make them. */
  readonly maxPerTenant: number;
}

export interface CreateCallerDeps extends KeyMakingDeps {
  readonly records: Records;
  readonly bounds: CallerBounds;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Names that records, logs and audit events use for callers that are not stored. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['admin', 'user', 'anonymous', 'unknown']);

/**
 * Creates a caller that holds no more than its creator does.
 * @throws INVALID_FIELD, PERMISSION_DENIED, CALLER_EXISTS, CALLER_LIMIT, STORE_UNAVAILABLE.
 */
export async function createCaller(
  deps: CreateCallerDeps,
  call: Call,
  actor: ServiceCaller,
  input: NewCaller,
): Promise<CreatedCaller> {
  const { records, now } = deps;
  const { name, permissions, tenants, certificateNames, withoutKey, keyLifetimeMs, jwks } = input;
  const publicKeys = jwks === undefined ? [] : readJwks(jwks);
  checkInput(input, publicKeys.length > 0);
  checkReach(actor, input);
  checkCertificateNames(actor, certificateNames);
  const nowMs = now();
  const made = withoutKey ? undefined : makeKey(deps, nowMs, keyLifetimeMs);
  const keys = made ? [made.stored] : [];
  const record = {
    name,
    permissions,
    tenants,
    certificateNames,
    keys,
    publicKeys,
    disabled: false,
    createdAtMs: nowMs,
  };
  const checkRoom = async () => {
    const documents = await records.all(call);
    checkCertificatesFree(documents, record);
    checkBounds(documents, record, actor, deps.bounds);
  };
  await checkRoom();
  if (!(await records.put(name, formatCallerRecord(record), null, call))) {
    throw new SignumError('CALLER_EXISTS', 'a caller has this name');
  }
  try {
    // Another creation may have claimed a certificate name or the last place since the first look.
    // Whoever sees the other gives way: perhaps both do, but never neither.
    await checkRoom();
  } catch (error) {
    await records.delete(name, call);
    throw error;
  }
  return { record, apiKey: made?.apiKey };
}

function checkInput(input: NewCaller, hasPublicKeys: boolean): void {
  const { name, permissions, tenants, certificateNames, withoutKey } = input;
  if (!/^[a-z0-9._-]{1,64}$/.test(name)) {
    throw invalidField('name', 'must be 1 to 64 characters of a-z 0-9 . _ -');
  }
  if (RESERVED_NAMES.has(name)) throw invalidField('name', 'must not be a reserved name');
  if (permissions.length === 0) throw invalidField('permissions', 'must not be empty');
  if (tenants.length === 0 || !tenants.every(isId)) {
    throw invalidField('tenants', 'must be ids, or * alone');
  }
  if (tenants.includes('*') && tenants.length > 1) {
    throw invalidField('tenants', 'must hold nothing beside *');
  }
  if (withoutKey && certificateNames.length === 0 && !hasPublicKeys) {
    throw invalidField('certificate_names', 'must not be empty for a caller without any key');
  }
}

function checkCertificatesFree(documents: ReadonlyMap<string, string>, record: CallerRecord): void {
  if (record.certificateNames.length === 0) return;
  for (const [name, text] of documents) {
    const others = name === record.name ? [] : parseCallerRecord(name, text)?.certificateNames;
    if (others?.some((other) => record.certificateNames.includes(other))) {
      throw new SignumError('CALLER_EXISTS', 'another caller has one of these certificate names');
    }
  }
}

function checkBounds(
  documents: ReadonlyMap<string, string>,
  record: CallerRecord,
  actor: ServiceCaller,
  { max, maxPerTenant }: CallerBounds,
): void {
  // A name that is taken is told as such, however many there are.
  const others = [...documents].filter(([name]) => name !== record.name);
  if (others.length >= max) throw callerLimit(max);
  if (actor.tenants === '*') return;
  const records = others.flatMap(([name, text]) => parseCallerRecord(name, text) ?? []);
  for (const tenant of record.tenants) {
    const count = records.filter(({ tenants }) => tenants.includes(tenant)).length;
    if (count >= maxPerTenant) throw callerLimit(maxPerTenant);
  }
}

function callerLimit(max: number): SignumError {
  return new SignumError('CALLER_LIMIT', `there are ${max} callers already`, {
    metadata: { max: String(max) },
  });
}
