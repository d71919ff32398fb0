export { readAccessPayload } from './access-payload.ts';
export {
  ALGORITHMS,
  type Algorithm,
  type AlgorithmSpec,
  algorithmSpec,
  isAlgorithm,
} from './algorithm.ts';
export { challengeScheme, type TokenScheme } from './challenge-scheme.ts';
export {
  type AccessClaims,
  hasLoneSurrogate,
  type JsonObject,
  type JsonValue,
  type RefreshClaims,
} from './claims.ts';
export {
  ACCESS_TYPE,
  type Compact,
  decodeSegment,
  HeaderReader,
  headerSegment,
  KEY_ID,
  MAX_TOKEN_LENGTH,
  REFRESH_TYPE,
  readCanonicalJson,
  splitCompact,
  type TokenHeader,
} from './compact.ts';
export {
  type Confirmation,
  type ConfirmationMethod,
  certificateThumbprint,
  confirmationClaim,
  isThumbprint,
  readConfirmation,
} from './confirmation.ts';
export {
  type GrantClaims,
  isInstant,
  OPTIONAL_CLAIMS,
  type OptionalClaims,
  RESERVED_CLAIMS,
  writeGrantClaims,
  writeOptionalClaims,
} from './grant-claims.ts';
export { type DeviceRef, isClientId, isId, isUuid, MAX_ID_BYTES, type TokenRef } from './ids.ts';
export { readJsonObject } from './json-object.ts';
export {
  type CheckedProof,
  type CheckProof,
  createProofCheck,
  type ExpectedProof,
  type ProofFault,
  type ProofWindow,
} from './proof/check-proof.ts';
export { PROOF_ALGORITHMS, type ProofKey, readProofKey } from './proof/proof-key.ts';
export {
  createProofNonces,
  type ProofNonceOptions,
  type ProofNonces,
} from './proof/proof-nonces.ts';
export { requestUri, targetUri } from './proof/target-uri.ts';
export { AccessReader, type UnverifiedAccess } from './read-access.ts';
export {
  type CryptoKeyInput,
  cryptoKeyInput,
  type VerifyKey,
  verifySignature,
} from './verify-signature.ts';
