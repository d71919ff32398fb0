import type { Finding } from './finding.ts';

type FaultKind = Pick<Finding, 'severity' | 'subject' | 'problem' | 'fix'>;

/** Everything that can be wrong with a key. A fault names one of these and the key it is about. */
export const FAULTS = {
  unknownKind: {
    severity: 'warning',
    subject: 'signum:*',
    problem: 'no key of this kind is known: another version or program made it',
    fix: 'find out what made it; nothing here will ever delete it',
  },
  wrongType: {
    severity: 'error',
    subject: 'signum:*',
    problem: 'the key holds another data type than its kind: calls that need it fail',
    fix: 'find out what wrote it, then DEL it',
  },
  noTtl: {
    severity: 'error',
    subject: 'signum:*',
    problem: 'the key has no time to live, and would stay for ever',
    fix: 'PEXPIRE it, or DEL it if its owner is gone',
  },
  wrongPartition: {
    severity: 'error',
    subject: 'signum:*',
    problem: 'the key is not in the partition of its ids: no server will ever find it there',
    fix: 'DEL it; if there are many, SIGNUM_PARTITIONS was changed by force',
  },
  brokenSession: {
    severity: 'error',
    subject: 'active',
    problem: 'the session lacks its ids or its expiry',
    fix: 'DEL it: the device has to log in again',
  },
  notInUserIndex: {
    severity: 'error',
    subject: 'active',
    problem: "the session is not among its user's: logging the user out misses it",
    fix: 'revoke it by itself: signum revoke --tenant T --user U --device D',
  },
  notInExpiryIndex: {
    severity: 'warning',
    subject: 'active',
    problem: 'the session is not in the expiry index: it will vanish without an EXPIRED record',
    fix: 'revoke it: signum revoke --tenant T --user U --device D',
  },
  expiryDiffers: {
    severity: 'warning',
    subject: 'active',
    problem: 'an index has another expiry for the session than the session itself',
    fix: 'a refresh mends it; else revoke it',
  },
  danglingInUserIndex: {
    severity: 'warning',
    subject: 'user',
    problem: 'the index names a device that has no session: it counts towards the device limit',
    fix: 'the sweeper removes it at its expiry; ZREM the member to do it now',
  },
  danglingInExpiryIndex: {
    severity: 'warning',
    subject: 'expiry',
    problem: 'the index names a device that has no session',
    fix: 'the sweeper removes it at its expiry; ZREM the member to do it now',
  },
  unswept: {
    severity: 'warning',
    subject: 'expiry',
    problem: 'sessions that ended minutes ago have not been moved to the revoked table',
    fix: 'is any server running? Each one sweeps (SIGNUM_SWEEP_INTERVAL)',
  },
  brokenRevocation: {
    severity: 'error',
    subject: 'revoked',
    problem: 'the entry does not say why: the token is refused all the same',
    fix: 'leave it: it expires by itself',
  },
  revocationTooLong: {
    severity: 'warning',
    subject: 'revoked',
    problem: 'the entry lives longer than any token of this deployment can',
    fix: 'check the lifetimes configured here against those of the servers; then DEL it',
  },
  markNeverForgotten: {
    severity: 'warning',
    subject: 'watermarks',
    problem: 'the watermark is not in the expiry index: it would stay for ever',
    fix: 'revoke the tenant or key again, which enters it',
  },
  untrimmed: {
    severity: 'warning',
    subject: 'feed',
    problem: 'the feed holds events long past what it is to keep',
    fix: 'is any server running? Each one trims as it sweeps',
  },
} as const satisfies Readonly<Record<string, FaultKind>>;

/** One key, or one member of an index, that has a fault. */
export interface Fault {
  readonly fault: keyof typeof FAULTS;
  /** The key, with the member after a space. */
  readonly where: string;
}

const EXAMPLES = 5;

/** One finding for each kind of fault, with how often and where first. */
export function toFindings(faults: readonly Fault[]): Finding[] {
  return [...Map.groupBy(faults, ({ fault }) => fault)].map(([fault, all]) => ({
    ...FAULTS[fault],
    count: all.length,
    examples: all.slice(0, EXAMPLES).map(({ where }) => where),
  }));
}
