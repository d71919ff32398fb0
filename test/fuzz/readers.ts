import { SignumError } from '../../src/domain/errors.ts';
import { RootSecrets } from '../../src/domain/root-secret.ts';
import { createSigning } from '../../src/signing/create-signing.ts';
import type { Signing } from '../../src/signing/signing.ts';
import type { Stage } from '../security/tokens/stage.ts';
import { MemoryRecords } from '../setup/memory-records.ts';
import { ISSUER } from '../setup/server.ts';

/** What the readers and verifiers make of a text. */
export interface Reading {
  readonly verdict: string;
  readonly accepted: boolean;
}

/** The same readers as in the stage's server, with the same keys. Rejects only if one crashes. */
export async function openReaders(stage: Stage): Promise<(token: string) => Promise<Reading>> {
  const { signing } = await createSigning({
    issuer: ISSUER,
    rootSecrets: new RootSecrets([stage.server.env['SIGNUM_SECRET'] ?? '']),
    keys: { kind: 'files', paths: [stage.keyFile] },
    records: new MemoryRecords(),
    longestAccessMs: 0,
    clockSkewMs: 0,
    pollMs: 0,
  });
  return async (token) => {
    const refresh = await readRefresh(signing, token);
    const access = signing.readAccess(token);
    const verified = typeof access !== 'string' && (await signing.verifyAccess(token, access));
    if (refresh && (verified || !signing.looksLikeRefresh(token))) {
      throw new Error('one text is read as both kinds of token');
    }
    if (refresh || verified) return { verdict: refresh ? 'REFRESH' : 'ACCESS', accepted: true };
    return { verdict: typeof access === 'string' ? access : 'BAD_SIGNATURE', accepted: false };
  };
}

async function readRefresh(signing: Signing, token: string): Promise<boolean> {
  try {
    await signing.readRefresh(token);
    return true;
  } catch (error) {
    if (error instanceof SignumError && error.reason === 'TOKEN_INVALID') return false;
    throw error;
  }
}
