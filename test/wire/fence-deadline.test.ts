import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { watchFeed } from '../setup/test-edge.ts';
import { until } from '../setup/until.ts';
import { issued, newDevice } from './issued.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    ...{ SIGNUM_DEADLINE_DEFAULT: '1s', SIGNUM_DEADLINE_MAX: '30s' },
    ...{ SIGNUM_EDGE_LEASE: '3s', SIGNUM_REDIS_FAILOVER_WINDOW: '0' },
    SIGNUM_REVOKE_FENCE: 'edges',
  });
});
afterEach(() => server.close());

test.each([
  ['that asks for a fence', Fence.EDGES],
  ['of a deployment that fences', Fence.UNSPECIFIED],
])('an Issue %s has the time that an edge which is gone takes', async (_which, fence) => {
  const tokens = server.client(TokenService);
  const device = newDevice();
  await issued(tokens, device, { fence: Fence.NONE });
  // It has a lease, and neither renews it nor confirms anything.
  const edge = watchFeed(server, { edge: true }, { renewEveryMs: 0, acknowledge: false });
  edge.renew(1);
  await until('it has a lease', () =>
    edge.parts.some((part) => part.case === 'checkpoint' && part.value.renewal > 0n),
  );
  const { supersededSessionId, fence: reached } = await tokens.issue({ device, fence });
  expect(supersededSessionId).not.toBe('');
  expect(reached).toMatchObject({ edgesConfirmed: 0 });
  await edge.close();
});
