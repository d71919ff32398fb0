import type { Scenario } from '../scenario.ts';
import { authzGrpc } from './authz-grpc.ts';
import { authzHttp } from './authz-http.ts';
import { dpopProof } from './dpop-proof.ts';
import { edgeVerify } from './edge-verify.ts';
import { feedFanout } from './feed-fanout.ts';
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
  feedFanout,
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
