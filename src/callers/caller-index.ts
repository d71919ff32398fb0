import type { ServiceCaller } from '../domain/caller.ts';
import {
  type CallerRecord,
  type PublicKey,
  parseCallerRecord,
  type StoredKey,
} from './caller-record.ts';

/** A stored caller, in the form that calls are checked against. */
export interface KnownCaller {
  readonly caller: ServiceCaller;
  readonly disabled: boolean;
}

export interface KnownKey extends KnownCaller {
  readonly key: StoredKey;
}

export interface KnownClient extends KnownCaller {
  readonly publicKeys: readonly PublicKey[];
}

/** All callers, found by what they present. */
export interface CallerIndex {
  readonly byKeyId: ReadonlyMap<string, KnownKey>;
  readonly byCertificateName: ReadonlyMap<string, KnownCaller>;
  /** Those that have public keys. */
  readonly byName: ReadonlyMap<string, KnownClient>;
  /** Documents that are no callers; they are passed over, so that one cannot lock out the others. */
  readonly unreadable: readonly string[];
}

export const EMPTY_INDEX: CallerIndex = {
  byKeyId: new Map(),
  byCertificateName: new Map(),
  byName: new Map(),
  unreadable: [],
};

/** Indexes the documents of all callers. */
export function indexCallers(documents: ReadonlyMap<string, string>): CallerIndex {
  const byKeyId = new Map<string, KnownKey>();
  const byCertificateName = new Map<string, KnownCaller>();
  const byName = new Map<string, KnownClient>();
  const contested = new Set<string>();
  const unreadable: string[] = [];
  for (const [name, text] of documents) {
    const record = parseCallerRecord(name, text);
    if (record === undefined) {
      unreadable.push(name);
      continue;
    }
    const known = { caller: toServiceCaller(record), disabled: record.disabled };
    for (const key of record.keys) byKeyId.set(key.keyId, { ...known, key });
    const { publicKeys } = record;
    if (publicKeys.length > 0) byName.set(name, { ...known, publicKeys });
    for (const certificateName of record.certificateNames) {
      if (byCertificateName.has(certificateName)) contested.add(certificateName);
      byCertificateName.set(certificateName, known);
    }
  }
  // Two callers created at the same instant may both claim a name until one gives way. Until then
  // it is nobody's.
  for (const certificateName of contested) byCertificateName.delete(certificateName);
  return { byKeyId, byCertificateName, byName, unreadable };
}

function toServiceCaller(record: CallerRecord): ServiceCaller {
  return {
    kind: 'service',
    name: record.name,
    permissions: new Set(record.permissions),
    tenants: record.tenants.includes('*') ? '*' : new Set(record.tenants),
  };
}
