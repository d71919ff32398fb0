import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVOY_JWT_AUTHN, GATEWAYS, type Way } from '../../examples/run/gateway.ts';
import { type Holder, newHolder } from '../bound/holder.ts';
import { until } from '../setup/until.ts';
import { ask, bearer } from './client.ts';
import { type GatewayLab, openGatewayLab } from './lab.ts';
import { spellingsOf, TOLD_HEADERS } from './own-headers.ts';

let lab: GatewayLab;
beforeAll(async () => {
  lab = await openGatewayLab();
});
afterAll(() => lab?.close());

/** What HTTP/2 without TLS is asked for by (RFC 7540 section 3.2). */
const H2C = [
  ...['Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c'],
  ...['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
];

/** The answer to a request as bytes, on a connection of its own. */
function raw(
  port: number,
  lines: readonly string[],
  authority = `127.0.0.1:${port}`,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  const head = [...lines, `Host: ${authority}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return text(socket);
}

/** Every gateway at a server, and at `signum edge` if it can ask one. */
const CASES = GATEWAYS.flatMap((gateway) => {
  const ways: readonly Way[] = gateway.credentials.length === 0 ? ['key'] : ['key', 'edge'];
  return ways.map((way) => ({ gateway, way, at: way === 'edge' ? 'signum edge' : 'the server' }));
});

describe.each(CASES)('$gateway.name at $at', ({ gateway, way }) => {
  const asks = gateway !== ENVOY_JWT_AUTHN;
  const present = gateway.executable() !== undefined;
  let port: number;
  let token: string;
  let holder: Holder;
  /** A token that is bound to the holder's key. */
  let bound: string;

  beforeAll(async () => {
    if (!present) return;
    port = await lab.gateway(gateway, way);
    const userId = gateway.name;
    ({ accessToken: token } = await lab.issue({ scopes: ['read'], userId }));
    holder = await newHolder();
    ({ accessToken: bound } = await lab.issue({ jkt: holder.thumbprint, userId }));
    await until('a good token passes', async () => (await ask(port, good())).status === 200);
  });
  const good = (...headers: string[]) => ({ headers: [...headers, ...bearer(token)] });

  test.skipIf(!present)(
    'tells the service nothing of Signum’s that a client has said, in whatever spelling',
    async () => {
      for (const spelling of TOLD_HEADERS.flatMap(spellingsOf)) {
        const { status, body } = await ask(port, good(spelling, 'evil'));
        expect([spelling, status, body.includes('evil')]).toEqual([spelling, 200, false]);
      }
    },
  );

  test.skipIf(!present)(
    'takes nothing out that a client calls a matter of its connection',
    async () => {
      const answer = await raw(port, [
        'GET /orders HTTP/1.1',
        `Authorization: Bearer ${token}`,
        `Connection: close, ${TOLD_HEADERS.join(', ')}, x-signum-required-scope`,
      ]);
      // Envoy refuses such a request.
      if (answer.startsWith('HTTP/1.1 400 ')) return;
      expect(answer).toContain('"x-signum-scope": "read"');
      expect(answer).toContain(`"x-signum-user": "${gateway.name}"`);
    },
  );

  test.skipIf(!present)(
    'lets no other protocol through than WebSocket, in which requests could hide',
    async () => {
      const before = lab.service.requests.length;
      expect((await ask(port, good(...H2C))).status).not.toBe(101);
      await ask(port, good(...H2C, 'Upgrade', 'websocket'));
      await ask(port, good('Upgrade', 'websocket', ...H2C));
      for (const { headers } of lab.service.requests.slice(before)) {
        expect(headers.upgrade ?? 'websocket').toBe('websocket');
      }
    },
  );

  test.skipIf(!present)('lets nobody in who waits to be told to send a body', async () => {
    const before = lab.service.requests.length;
    for (const headers of [[], bearer('rubbish')]) {
      const expecting = ['Expect', '100-continue', 'Content-Length', '5', ...headers];
      expect((await ask(port, { method: 'POST', headers: expecting, body: 'hello' })).status).toBe(
        401,
      );
    }
    expect(lab.service.requests.length).toBe(before);
    const { headers } = good('Expect', '100-continue', 'Content-Length', '5');
    expect((await ask(port, { method: 'POST', headers, body: 'hello' })).status).toBe(200);
  });

  test.skipIf(!present || !asks).each([
    ['Authorization', 'Bearer <token>, Bearer x'],
    ['Authorization', 'Bearer x, Bearer <token>'],
    ['Authorization', 'Bearer <token> x'],
    ['Authorization', 'Bearer x\tBearer <token>'],
    ['Proxy-Authorization', 'Bearer <token>'],
    ['X-Authorization', 'Bearer <token>'],
    ['X_Authorization', 'Bearer <token>'],
    ['X-Forwarded-Access-Token', '<token>'],
    ['Cookie', 'access_token=<token>'],
  ])('takes no token from %s: %s', async (name, value) => {
    const before = lab.service.requests.length;
    const { status } = await ask(port, { headers: [name, value.replace('<token>', token)] });
    expect([400, 401]).toContain(status);
    expect(lab.service.requests.length).toBe(before);
  });

  test.skipIf(!present)('takes no token from a query or a form', async () => {
    const before = lab.service.requests.length;
    const form = `access_token=${token}`;
    const headers = ['Content-Type', 'application/x-www-form-urlencoded'];
    expect((await ask(port, { path: `/orders?${form}` })).status).toBe(401);
    expect((await ask(port, { method: 'POST', headers, body: form })).status).toBe(401);
    expect(lab.service.requests.length).toBe(before);
  });

  test.skipIf(!present).each([7_000, 20_000, 70_000])(
    'lets nobody in for a path or a cookie of %i characters',
    async (length) => {
      const long = 'x'.repeat(length);
      const bad = bearer('rubbish');
      const before = lab.service.requests.length;
      for (const request of [
        { path: `/orders/${long}`, headers: bad },
        { path: `/orders?${long}`, headers: bad },
        { headers: ['Cookie', `a=${long}`, ...bad] },
        { headers: [...bad, 'X-Forwarded-Uri', `/${long}`] },
      ]) {
        const status = await ask(port, request).then(
          (answer) => answer.status,
          () => 'closed',
        );
        expect(status).not.toBe(200);
      }
      expect(lab.service.requests.length).toBe(before);
      expect((await ask(port, good())).status).toBe(200);
    },
  );

  describe.skipIf(!present || !asks)('of the request that a proof is for', () => {
    const shown = async (...more: string[]) => {
      const uri = `http://127.0.0.1:${port}/orders`;
      const proof = await holder.prove({ method: 'GET', uri, about: bound });
      return { headers: ['Authorization', `DPoP ${bound}`, 'DPoP', proof, ...more] };
    };

    test.each([
      ['X-Forwarded-Method', 'GET'],
      ['X-Original-Method', 'GET'],
      ['X_Original_Method', 'GET'],
      ['X-HTTP-Method-Override', 'GET'],
      ['X-Forwarded-Uri', '/orders'],
      ['X-Original-URL', 'http://127.0.0.1:<port>/orders'],
      ['X-Original-Uri', '/orders'],
      ['X-Rewrite-Url', '/orders'],
      ['Forwarded', 'for=127.0.0.1;proto=http'],
    ])('a client’s %s makes no other', async (name, value) => {
      const header = [name, value.replace('<port>', String(port))];
      const before = lab.service.requests.length;
      for (const another of [{ method: 'DELETE' }, { path: '/other' }]) {
        const request = { ...another, ...(await shown(...header)) };
        expect((await ask(port, request)).status).toBe(401);
      }
      expect(lab.service.requests.length).toBe(before);
      expect((await ask(port, await shown(...header))).status).toBe(200);
    });

    test.each(['/orders?', '/orders#', '/orders?/../'])(
      'a client’s host that goes on with %s makes no other',
      async (more) => {
        const before = lab.service.requests.length;
        const { headers } = await shown();
        const [, authorization, , proof] = headers;
        const answer = await raw(
          port,
          [
            'GET /other HTTP/1.1',
            'Connection: close',
            `Authorization: ${authorization}`,
            `DPoP: ${proof}`,
          ],
          `127.0.0.1:${port}${more}`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 40[01] /);
        expect(lab.service.requests.length).toBe(before);
      },
    );

    test('a second proof makes none', async () => {
      const [one, two] = [await shown(), await shown()];
      const headers = [...one.headers, ...two.headers.slice(2)];
      expect((await ask(port, { headers })).status).toBe(401);
    });
  });
});
