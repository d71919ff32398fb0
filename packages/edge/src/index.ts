export { connectEdge } from './connect-edge.ts';
export type { ShownKey } from './core/key-proof.ts';
export type {
  Edge,
  EdgeCredentials,
  EdgeMetrics,
  EdgeOptions,
  EdgeState,
  VerifyOptions,
} from './edge.ts';
export { EdgeError } from './edge-error.ts';
export type {
  GoodVerdict,
  Refusal,
  RevocationReason,
  Verdict,
  VerdictName,
  VerifiedToken,
} from './verdict.ts';
