import type { Confirmation, ConfirmationMethod, GrantClaims, JsonObject } from '@signum/token';

/** How a claim of a session's tokens is stored. */
interface StoredClaim<T> {
  /** The name of its field in Redis, one letter: see fields.ts. */
  readonly letter: string;
  /** The field's value; '' is as good as absent, and not stored. */
  readonly encode: (value: NonNullable<T>) => string;
  /** Of '' if the field is absent. */
  readonly decode: (text: string) => T;
}

export const STORED_CLAIMS: { readonly [M in keyof GrantClaims]-?: StoredClaim<GrantClaims[M]> } = {
  scopes: { letter: 'p', encode: joinWords, decode: splitWords },
  audiences: { letter: 'u', encode: joinWords, decode: splitWords },
  claims: {
    letter: 'l',
    encode: (claims) => (Object.keys(claims).length > 0 ? JSON.stringify(claims) : ''),
    decode: (text) => (text ? (JSON.parse(text) as JsonObject) : {}),
  },
  clientId: { letter: 'd', encode: (text) => text, decode: (text) => text || undefined },
  /** `jkt:<thumbprint>` or `x5t#S256:<thumbprint>`. */
  confirmation: {
    letter: 'n',
    encode: ({ method, thumbprint }) => `${method}:${thumbprint}`,
    decode: decodeConfirmation,
  },
  authTime: {
    letter: 'h',
    encode: String,
    decode: (text) => (text === '' ? undefined : Number(text)),
  },
  acr: { letter: 'q', encode: (text) => text, decode: (text) => text || undefined },
  amr: {
    letter: 'w',
    encode: joinWords,
    decode: (text) => (text === '' ? undefined : splitWords(text)),
  },
};

const EACH = Object.entries(STORED_CLAIMS).map(([member, stored]) => {
  return { ...(stored as StoredClaim<unknown>), member: member as keyof GrantClaims };
});

/** With every member, whatever it is: none is forgotten when claims are read. */
type EveryClaim = { readonly [M in keyof GrantClaims]-?: GrantClaims[M] | undefined } & GrantClaims;

/** Where the value of each stands among those of CLAIM_LETTERS. */
const AT = Object.fromEntries(EACH.map(({ member }, at) => [member, at])) as {
  readonly [M in keyof GrantClaims]-?: number;
};

/** The fields of what tokens say, in the order that `decodeClaims` reads them in. */
export const CLAIM_LETTERS = EACH.map(({ letter }) => letter);

/** What tokens of a session say, as its fields and their values in turn. */
export function encodeClaims(claims: GrantClaims): string[] {
  const pairs: string[] = [];
  for (const { member, letter, encode } of EACH) {
    const value = claims[member];
    const text = value === undefined ? '' : encode(value);
    if (text !== '') pairs.push(letter, text);
  }
  return pairs;
}

/** Reads the values of CLAIM_LETTERS from there on. Written out, since a loop takes twice as long. */
export function decodeClaims(values: readonly unknown[], from: number): EveryClaim {
  const text = (at: number) => (values[from + at] as string | null | undefined) ?? '';
  const { scopes, audiences, claims, clientId, confirmation, authTime, acr, amr } = STORED_CLAIMS;
  return {
    scopes: scopes.decode(text(AT.scopes)),
    audiences: audiences.decode(text(AT.audiences)),
    claims: claims.decode(text(AT.claims)),
    clientId: clientId.decode(text(AT.clientId)),
    confirmation: confirmation.decode(text(AT.confirmation)),
    authTime: authTime.decode(text(AT.authTime)),
    acr: acr.decode(text(AT.acr)),
    amr: amr.decode(text(AT.amr)),
  };
}

/** Scopes and audiences hold no spaces (RFC 6749 section 3.3). */
function joinWords(words: readonly string[]): string {
  return words.join(' ');
}

function splitWords(text: string): string[] {
  return text ? text.split(' ') : [];
}

function decodeConfirmation(text: string): Confirmation | undefined {
  if (text === '') return undefined;
  const colon = text.indexOf(':');
  const method = text.slice(0, colon) as ConfirmationMethod;
  return { method, thumbprint: text.slice(colon + 1) };
}

/** Instants are stored in seconds. */
export function decodeInstant(seconds: string | null | undefined): number {
  return Number(seconds) * 1000;
}
