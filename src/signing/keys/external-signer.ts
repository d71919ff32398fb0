import type { Algorithm } from '@signum/token';

/**
 * Whoever holds private keys: this process, or a key management service or hardware module. The ring
 * never touches a private key in any other way.
 *
 * Contract:
 * - `holds` is synchronous and never fails. It answers for the key id that the public key is
 *   configured under, and keeps its answer for the life of the process.
 * - `sign` signs the bytes as they are: hashing is part of the algorithm and happens behind here.
 * - The signature is in JWS form (RFC 7518 section 3): for ES256 the 64 bytes r and s, not the DER
 *   that most key services answer with; for PS256 a salt of 32 bytes; for RS256 and PS256 as long as
 *   the modulus. A signature of another length fails the call instead of reaching a client.
 * - It signs with one algorithm per key, the one it is asked for, or fails.
 * - It settles: an implementation that talks to the network brings its own time-out, well under the
 *   call deadline. It fails with SignumError STORE_UNAVAILABLE when trying again may help.
 * - It never puts the bytes, the signature or a credential into an error.
 */
export interface ExternalSigner {
  /** Whether it can sign with the key of this id. */
  holds(keyId: string): boolean;
  sign(input: Uint8Array, keyId: string, algorithm: Algorithm): Uint8Array | Promise<Uint8Array>;
}
