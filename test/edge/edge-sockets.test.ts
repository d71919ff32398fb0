import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import { describe, expect, test } from 'vitest';
import { loadEdgeConfig } from '../../src/config/config.ts';
import { startEdge } from '../../src/server/edge/start-edge.ts';
import { startSignum } from '../setup/child.ts';
import { TokenService } from '../setup/server.ts';
import { authz, serveEdges, statusOf } from './serve-edges.ts';

const KEPT = 'x-signum-user';

const { dir, client, edgeEnv, start, issue } = serveEdges();

describe('signum edge at Unix sockets', () => {
  test('answers gateways over HTTP from memory, and says how old its state is', async () => {
    const edge = await start();
    const { http } = edge.addresses;
    const good = await authz(http, await issue());
    expect(good).toMatchObject({
      status: 200,
      headers: { 'x-signum-verdict': 'allow', 'x-signum-tenant': 'acme', [KEPT]: 'ada' },
    });
    expect(good.headers['signum-staleness-ms']).toMatch(/^\d+$/);
    expect(await statusOf(http, await issue(), { query: '?scope=admin' })).toBe(403);
    expect(await statusOf(http, await issue(), { query: '?scope=read&audience=test-api' })).toBe(
      200,
    );
    const bad = await authz(http, 'rubbish', { method: 'DELETE' });
    expect([bad.status, bad.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ]);
    expect(bad.headers).toHaveProperty('signum-staleness-ms');
    expect((await authz(http, undefined)).headers['www-authenticate']).toBe('Bearer');
    expect(await statusOf(http, await issue({ tenantId: 'umbrella' }))).toBe(401);
    expect(await statusOf(http, await issue(), { query: '?scoop=read' })).toBe(500);
    const metrics = await (
      await fetch(`http://127.0.0.1:${edge.addresses.operations.port}/metrics`)
    ).text();
    expect(metrics).toMatch(/^signum_edge_answers_total\{source="edge"\} [1-9]/m);
    expect(metrics).toMatch(/^signum_edge_staleness_seconds 0?\.?\d/m);
    expect(metrics).toMatch(/^signum_edge_live 1$/m);
    // What servers alone do is not told as if it never happened.
    expect(metrics).not.toMatch(/signum_(sessions|audit|age|edges|feed|fences)/);
  });

  test('answers Envoy over gRPC', async () => {
    const edge = await start();
    const { path = '' } = edge.addresses.grpc;
    const transport = createGrpcTransport({
      baseUrl: 'http://edge',
      nodeOptions: { createConnection: () => connect({ path }) },
    });
    const envoy = createClient(Authorization, transport);
    const check = (token: string) =>
      envoy.check({
        attributes: {
          request: {
            http: {
              ...{ method: 'GET', scheme: 'https', host: 'api.example', path: '/orders' },
              headers: { authorization: `Bearer ${token}` },
            },
          },
        },
      });
    const yes = await check(await issue());
    expect(yes.status?.code ?? 0).toBe(0);
    expect(yes.dynamicMetadata).toMatchObject({ [KEPT]: 'ada' });
    expect(yes.dynamicMetadata).toHaveProperty('signum-staleness-ms');
    expect((await check('rubbish')).status?.code).toBe(16);
  });

  test('refuses what was revoked with a fence from the moment on that it was', async () => {
    const { addresses } = await start();
    for (let i = 0; i < 5; i += 1) {
      const token = await issue();
      expect(await statusOf(addresses.http, token)).toBe(200);
      const subject = { case: 'token' as const, value: token };
      await client(TokenService).revoke({ subject, fence: Fence.EDGES });
      expect(await statusOf(addresses.http, token)).toBe(401);
    }
  });

  test('lets in whom the permissions of the socket let in, from the first moment on', async () => {
    const { addresses, describe: described } = await start({ SIGNUM_EDGE_SOCKET_MODE: '0600' });
    for (const { path = '' } of [addresses.http, addresses.grpc]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(described().join('\n')).toContain('whoever may open the socket (mode 0600)');
  });

  test('takes the place of a socket that was left behind, and of nothing else', {
    timeout: 60_000,
  }, async () => {
    const path = join(dir(), 'left-behind');
    const child = startSignum(['edge'], edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${path}` }));
    await child.says('Who may ask');
    const inUse = startEdge(loadEdgeConfig(edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${path}` })));
    await expect(inUse).rejects.toMatchObject({ code: 'EADDRINUSE' });
    child.process.kill('SIGKILL');
    await child.ended;
    expect(statSync(path).isSocket()).toBe(true);
    const { addresses } = await start({ SIGNUM_EDGE_LISTEN: `unix:${path}` });
    expect(await statusOf(addresses.http, await issue())).toBe(200);
    const file = join(dir(), 'a-file');
    writeFileSync(file, 'precious');
    const over = startEdge(loadEdgeConfig(edgeEnv({ SIGNUM_EDGE_LISTEN: `unix:${file}` })));
    await expect(over).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(statSync(file).size).toBe(8);
  });
});
