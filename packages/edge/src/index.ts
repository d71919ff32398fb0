export { connectEdge } from './connect-edge.ts';
export type { Edge, EdgeMetrics, EdgeOptions, EdgeState, VerifyOptions } from './edge.ts';
export { EdgeError } from './edge-error.ts';
export type { RevocationReason, Verdict, VerdictName, VerifiedToken } from './verdict.ts';
