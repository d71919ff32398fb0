import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessClaims, RefreshClaims } from '@signum/token';
import { onTestFinished } from 'vitest';
import { RootSecrets } from '../../src/domain/root-secret.ts';
import {
  createSigning,
  type SigningOptions,
  type SigningParts,
} from '../../src/signing/create-signing.ts';
import type { SigningEvent } from '../../src/signing/ring/signing-event.ts';
import { MemoryRecords } from './memory-records.ts';

export const ISSUER = 'https://signum.example';

export const ACCESS_CLAIMS: AccessClaims = {
  device: { tenantId: 'acme', userId: 'ada', deviceId: 'phone 📱' },
  sessionId: '01923ac0-0000-7000-8000-000000000001',
  tokenId: '01923ac0-0000-7000-8000-000000000002',
  issuedAtS: 1_700_000_000,
  expiresAtS: 1_700_000_900,
  scopes: ['read', 'write'],
  audiences: ['api'],
  clientId: 'auth-service',
  confirmation: undefined,
  claims: { plan: 'gold' },
};

export const REFRESH_CLAIMS: RefreshClaims = {
  device: ACCESS_CLAIMS.device,
  sessionId: ACCESS_CLAIMS.sessionId,
  tokenId: ACCESS_CLAIMS.tokenId,
  confirmation: undefined,
  generation: 3,
  issuedAtS: 1_700_000_000,
  expiresAtS: 1_700_600_000,
};

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A clock that stands still until it is moved. */
export class TestClock {
  nowMs = 1_700_000_000_000;
  readonly now = (): number => this.nowMs;

  advance(ms: number): void {
    this.nowMs += ms;
  }
}

export interface SigningFixture extends SigningParts {
  readonly records: MemoryRecords;
  readonly events: readonly SigningEvent[];
  readonly clock: TestClock;
}

export type FixtureOptions = Partial<Omit<SigningOptions, 'records'>> & {
  readonly records?: MemoryRecords;
  readonly clock?: TestClock;
};

/** A signing side with a managed ES256 ring in memory, unless told otherwise; reads on demand only. */
export async function signingFixture(options: FixtureOptions = {}): Promise<SigningFixture> {
  const { records = new MemoryRecords(), clock = new TestClock(), ...rest } = options;
  const events: SigningEvent[] = [];
  const parts = await createSigning({
    issuer: ISSUER,
    rootSecrets: new RootSecrets([newSecret()]),
    keys: { kind: 'managed', algorithm: 'ES256' },
    records,
    longestAccessMs: 900_000,
    clockSkewMs: 60_000,
    pollMs: 0,
    now: clock.now,
    onEvent: (event) => events.push(event),
    ...rest,
  });
  onTestFinished(() => parts.close());
  return { ...parts, records, events, clock };
}

/** Writes files into a folder that is gone after the test; answers their paths. */
export function keyFiles(...contents: readonly string[]): readonly string[] {
  const dir = mkdtempSync(join(tmpdir(), 'signum-test-keys-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return contents.map((content, index) => {
    const path = join(dir, `key-${index}`);
    writeFileSync(path, content);
    return path;
  });
}

/** A token of the given parts; a header or payload that is no string is written as JSON. */
export function compact(header: unknown, payload: unknown, signature: Uint8Array): string {
  return [header, payload]
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .map((text) => Buffer.from(text).toString('base64url'))
    .concat(Buffer.from(signature).toString('base64url'))
    .join('.');
}
