import type { JsonObject } from '@signum/token';
import type { SessionClaims } from '../../domain/session.ts';
import { FIELD } from './fields.ts';

/** What tokens of a session say, as its fields and their values in turn. None is as good as absent. */
export function encodeClaims({ scopes, audiences, claims, clientId }: SessionClaims): string[] {
  const pairs: string[] = [FIELD.aud, audiences.join(' ')];
  if (scopes.length > 0) pairs.push(FIELD.scp, scopes.join(' '));
  if (Object.keys(claims).length > 0) pairs.push(FIELD.clm, JSON.stringify(claims));
  if (clientId !== undefined) pairs.push(FIELD.cid, clientId);
  return pairs;
}

/** Reads the values of CLAIM_FIELDS from there on. */
export function decodeClaims(values: readonly unknown[], from: number): SessionClaims {
  const clm = values[from + 2] as Value;
  return {
    scopes: decodeWords(values[from] as Value),
    audiences: decodeWords(values[from + 1] as Value),
    claims: clm ? (JSON.parse(clm) as JsonObject) : {},
    clientId: (values[from + 3] as Value) ?? undefined,
  };
}

type Value = string | null | undefined;

/** Scopes and audiences hold no spaces and are stored joined by them; none as ''. */
function decodeWords(words: Value): string[] {
  return words ? words.split(' ') : [];
}
