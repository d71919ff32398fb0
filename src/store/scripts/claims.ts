import type { Confirmation, ConfirmationMethod, JsonObject } from '@signum/token';
import type { SessionClaims } from '../../domain/session.ts';
import { FIELD } from './fields.ts';

/** What tokens of a session say, as its fields and their values in turn. None is as good as absent. */
export function encodeClaims(session: SessionClaims): string[] {
  const { scopes, audiences, claims, clientId, confirmation } = session;
  const pairs: string[] = [FIELD.aud, audiences.join(' ')];
  if (scopes.length > 0) pairs.push(FIELD.scp, scopes.join(' '));
  if (Object.keys(claims).length > 0) pairs.push(FIELD.clm, JSON.stringify(claims));
  if (clientId !== undefined) pairs.push(FIELD.cid, clientId);
  if (confirmation !== undefined) {
    pairs.push(FIELD.cnf, `${confirmation.method}:${confirmation.thumbprint}`);
  }
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
    confirmation: decodeConfirmation(values[from + 4] as Value),
  };
}

type Value = string | null | undefined;

/** Scopes and audiences hold no spaces and are stored joined by them; none as ''. */
function decodeWords(words: Value): string[] {
  return words ? words.split(' ') : [];
}

function decodeConfirmation(cnf: Value): Confirmation | undefined {
  if (!cnf) return undefined;
  const colon = cnf.indexOf(':');
  const method = cnf.slice(0, colon) as ConfirmationMethod;
  return { method, thumbprint: cnf.slice(colon + 1) };
}
