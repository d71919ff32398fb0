import { createHash } from 'node:crypto';
import type { Deadline } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { Runner } from './dispatch/runner.ts';
import type { StoreIssuer } from './scripts/context.ts';
import { type Keyspace, SHARED_KEYS } from './scripts/keys.ts';

/**
 * The version of the data's layout that this code reads and writes. 2: a session's fields have short
 * names and instants in seconds (fields.ts), and its fingerprint is cut.
 */
export const FORMAT = 2;

/** What a server finds when it starts: the store was made for another layout. */
export class LayoutMismatch extends Error {
  override readonly name = 'LayoutMismatch';
}

/** What all servers of a deployment have to agree on. */
export interface Agreed {
  /** With another number every key would be looked for in the wrong place. */
  readonly partitions: number;
  /** How long an edge may answer by itself: whoever waits for it must not wait for less. */
  readonly leaseMs: number;
}

const REMEDIES = {
  partitions: (found: string | null) => `set SIGNUM_PARTITIONS to ${found}`,
  format: () => 'run the version of Signum that wrote it',
  lease_ms: (found: string | null) => `set SIGNUM_EDGE_LEASE to ${found}ms`,
};

/** Writes what servers agree on, and the format, into an empty store, and holds a used one against it. */
export async function checkLayout(
  runner: Runner,
  { partitions, leaseMs }: Agreed,
  deadline: Deadline,
): Promise<void> {
  const wanted = { partitions, format: FORMAT, lease_ms: leaseMs };
  for (const [name, value] of Object.entries(wanted)) {
    const { meta } = SHARED_KEYS;
    await runner.read(meta, deadline, (node) => node.hsetnx(meta, name, value));
    const found = await runner.read(meta, deadline, (node) => node.hget(meta, name));
    if (found !== String(value)) {
      throw new LayoutMismatch(
        `the store was made with ${name} ${found}, this server is for ${value}: ${REMEDIES[name as keyof typeof wanted](found)}, or use an empty store`,
      );
    }
  }
}

/**
 * Who issues, as sessions hold it. The first issuer of a deployment is written down, and its sessions say
 * nothing of it. Sessions of any other issuer name it. So servers of both can serve side by side while an
 * issuer is being changed, and each knows its own sessions.
 */
export async function registerIssuer(
  runner: Runner,
  { partitions }: Keyspace,
  issuer: string,
  deadline: Deadline,
): Promise<StoreIssuer> {
  const { meta } = SHARED_KEYS;
  const isWritten = await runner.read(meta, deadline, (node) =>
    node.hsetnx(meta, 'issuer', issuer),
  );
  const [first, others] = await runner.read(meta, deadline, (node) =>
    node.hmget(meta, 'issuer', 'other_issuers'),
  );
  if (first === issuer) {
    const isAdopted = isWritten === 1 && (await hasSessions(runner, partitions, deadline));
    return { tag: '', hasChanged: others === '1', isAdopted };
  }
  await runner.read(meta, deadline, (node) => node.hset(meta, 'other_issuers', '1'));
  return { tag: issuerTag(issuer), hasChanged: true, isAdopted: false };
}

async function hasSessions(
  runner: Runner,
  partitions: Keyspace['partitions'],
  deadline: Deadline,
): Promise<boolean> {
  const found = await Promise.all(
    partitions.map(({ expiry }) => runner.read(expiry, deadline, (node) => node.exists(expiry))),
  );
  return found.includes(1);
}

/** 36 bits of its digest: only who configures a deployment chooses issuers. */
function issuerTag(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 6);
}

/**
 * Names this store's history. A server that has lost its connection reads it again before it goes on
 * from what it has seen: a restored backup is another history.
 */
export async function deploymentId(
  runner: Runner,
  newId: () => string,
  deadline: Deadline,
): Promise<string> {
  const { meta } = SHARED_KEYS;
  const found = await runner.read(meta, deadline, (node) => node.hget(meta, 'deployment'));
  if (found) return found;
  await runner.read(meta, deadline, (node) => node.hsetnx(meta, 'deployment', newId()));
  return deploymentId(runner, newId, deadline);
}

/** Begins another history: whoever has seen the one before begins anew. */
export async function beginHistory(
  runner: Runner,
  newId: () => string,
  deadline: Deadline,
): Promise<void> {
  const { meta } = SHARED_KEYS;
  await runner.read(meta, deadline, (node) => node.hset(meta, 'deployment', newId()));
}

/** What a server finds when it starts: its Redis user may not do what every change does. */
export class AccessMissing extends Error {
  override readonly name = 'AccessMissing';
}

/** Tries whether the user may publish: a script that finds out half-way would keep half its effect. */
export async function checkAccess(
  runner: Runner,
  channel: string,
  deadline: Deadline,
): Promise<void> {
  try {
    await runner.read(channel, deadline, (node) => node.spublish(channel, ''));
  } catch (error) {
    if (!(error instanceof SignumError) || error.metadata['store_code'] !== 'NOPERM') throw error;
    throw new AccessMissing(
      'the Redis user may not tell changes to others: allow it +spublish and &signum:*, as deploy/redis/users.acl does',
    );
  }
}
