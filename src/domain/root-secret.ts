import { hkdfSync } from 'node:crypto';
import { invalidField } from './errors.ts';
import { Secret } from './secret.ts';

/** Labels (RFC 5869 `info`) that keep one derived key from ever standing in for another. */
const LABELS = {
  id: 'signum root secret id v1',
  refresh: 'signum refresh v1',
  keyEncryption: 'signum kek v1',
  callerPepper: 'signum caller pepper v1',
  fingerprint: 'signum fingerprint v1',
  proofNonce: 'signum proof nonce v1',
} as const;

/** 32 bytes take this many characters of unpadded base64. */
const MIN_ENCODED_LENGTH = 43;
const MIN_TEXT_BYTES = 32;
/** 64 random hexadecimal digits have far more than this; a repeated word has not. */
const MIN_DISTINCT_CHARACTERS = 8;

/** The secret from which every symmetric key of a deployment is derived. */
export class RootSecret {
  /** Eight hexadecimal digits that name the secret and reveal nothing of it. */
  readonly id: string;
  readonly #text: string;

  /**
   * @param text At least 32 bytes of entropy: base64url or base64 of at least 43 characters, or any
   *   other text of at least 32 bytes. White space around it is no part of it. Throws INVALID_FIELD.
   */
  constructor(text: string) {
    this.#text = text.trim();
    checkStrength(this.#text);
    this.id = Buffer.from(this.#derive(LABELS.id).reveal()).toString('hex', 0, 4);
  }

  /** HS256 key of refresh tokens, 32 bytes. */
  refreshKey(): Secret<Uint8Array> {
    return this.#derive(LABELS.refresh);
  }

  /** Key-encryption key of stored signing keys (A256GCM), 32 bytes. */
  keyEncryptionKey(): Secret<Uint8Array> {
    return this.#derive(LABELS.keyEncryption);
  }

  /** HMAC-SHA256 key under which API keys are hashed, 32 bytes. */
  callerPepper(): Secret<Uint8Array> {
    return this.#derive(LABELS.callerPepper);
  }

  /** Key of the fingerprints of access tokens, 32 bytes. */
  fingerprintKey(): Secret<Uint8Array> {
    return this.#derive(LABELS.fingerprint);
  }

  /** Key of the nonces for proofs, 32 bytes. */
  proofNonceKey(): Secret<Uint8Array> {
    return this.#derive(LABELS.proofNonce);
  }

  /** HKDF-SHA256 (RFC 5869) with an empty salt: the input is uniformly random already. */
  #derive(label: string): Secret<Uint8Array> {
    return new Secret(new Uint8Array(hkdfSync('sha256', this.#text, '', label, 32)));
  }
}

/**
 * The root secrets of a deployment. The first makes and seals everything new; the others only verify
 * and open, so that the secret can be changed without logging anybody out. To change it, give every
 * server the new secret in second place, then in first place, and take the old one away once the
 * longest refresh lifetime has passed.
 */
export class RootSecrets {
  readonly current: RootSecret;
  readonly all: readonly RootSecret[];
  readonly #byId: ReadonlyMap<string, RootSecret>;

  /** Throws INVALID_FIELD if the list is empty, or a secret is weak or listed twice. */
  constructor(texts: readonly string[]) {
    this.all = texts.map((text) => new RootSecret(text));
    this.#byId = new Map(this.all.map((secret) => [secret.id, secret]));
    const [current] = this.all;
    if (current === undefined) throw invalidField('root_secrets', 'must hold at least one secret');
    if (this.#byId.size < this.all.length) {
      throw invalidField('root_secrets', 'must not hold a secret twice');
    }
    this.current = current;
  }

  find(id: string): RootSecret | undefined {
    return this.#byId.get(id);
  }
}

/** What templates, charts and examples have in the place of a secret. */
const PLACEHOLDER =
  /\$[{(]|\{\{|[<>]|change[-_ ]?(me|this|it)|replace[-_ ]?(me|this|with)|(put|insert|enter|use)[-_ ]?(your|a)[-_ ]|your[-_ ]?(own|root|secret|key)|placeholder|todo[-_ ]/i;
/** Such as `abcdefgh` or `87654321`: of random characters so long a run never comes. */
const LONGEST_SEQUENCE = 8;

/** Whether a text that is long enough was written by a person, or by nobody. */
function isPredictable(text: string): boolean {
  return repeatsItself(text) || PLACEHOLDER.test(text) || longestSequence(text) >= LONGEST_SEQUENCE;
}

function repeatsItself(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period++) {
    if (text.startsWith(text.slice(period))) return true;
  }
  return false;
}

/** Of characters each of which follows the one before it, upwards or downwards. */
function longestSequence(text: string): number {
  let longest = 1;
  for (const step of [1, -1]) {
    let length = 1;
    for (let at = 1; at < text.length; at++) {
      length = text.charCodeAt(at) - text.charCodeAt(at - 1) === step ? length + 1 : 1;
      longest = Math.max(longest, length);
    }
  }
  return longest;
}

function checkStrength(text: string): void {
  const encoded = /^[A-Za-z0-9+/_-]*=*$/.test(text);
  const long = encoded
    ? text.replace(/=+$/, '').length >= MIN_ENCODED_LENGTH
    : Buffer.byteLength(text) >= MIN_TEXT_BYTES;
  if (!long || new Set(text).size < MIN_DISTINCT_CHARACTERS || isPredictable(text)) {
    throw invalidField(
      'root_secrets',
      'must each have at least 32 random bytes, such as base64url; no placeholder',
    );
  }
}
