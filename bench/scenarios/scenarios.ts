import type { Scenario } from '../scenario.ts';
import { authzGrpc } from './authz-grpc.ts';
import { authzHttp } from './authz-http.ts';
import { dpopProof } from './dpop-proof.ts';
import { edgeCost } from './edge-cost.ts';
import { edgeFirstSight } from './edge-first-sight.ts';
import { edgeMemory } from './edge-memory.ts';
import { edgePropagation } from './edge-propagation.ts';
import { edgeVerify } from './edge-verify.ts';
import { feedFanout } from './feed-fanout.ts';
import { fence } from './fence.ts';
import { gatewayEnvoy } from './gateway-envoy.ts';
import { gatewayNginx } from './gateway-nginx.ts';
import { introspect } from './introspect.ts';
import { issue } from './issue.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { refresh } from './refresh.ts';
import { revoke } from './revoke.ts';
import { scale } from './scale.ts';
import { validateBatch } from './validate-batch.ts';
import { validateGrpc } from './validate-grpc.ts';
import { validateHttp } from './validate-http.ts';
import { validateStream } from './validate-stream.ts';
import { validateToken } from './validate-token.ts';

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  validateHttp,
  validateGrpc,
  validateToken,
  validateBatch,
  validateStream,
  edgeVerify,
  edgeFirstSight,
  edgeMemory,
  edgePropagation,
  fence,
  feedFanout,
  edgeCost,
  authzHttp,
  authzGrpc,
  gatewayNginx,
  gatewayEnvoy,
  introspect,
  dpopProof,
  latency,
  issue,
  refresh,
  revoke,
  memory,
  scale,
];

/** What can be chosen on the command line: scenarios, and groups of them. */
export const NAMES: readonly string[] = [
  ...SCENARIOS.map(({ name }) => name),
  ...new Set(SCENARIOS.flatMap(({ group }) => group ?? [])),
];

/** All of them when nothing is chosen. */
export function choose(chosen: readonly string[]): readonly Scenario[] {
  if (chosen.length === 0) return SCENARIOS;
  return SCENARIOS.filter(
    ({ name, group = '' }) => chosen.includes(name) || chosen.includes(group),
  );
}
