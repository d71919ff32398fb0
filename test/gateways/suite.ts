import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway, GatewayCredential, Way } from '../../examples/run/gateway.ts';
import { newHolder } from '../bound/holder.ts';
import { until } from '../setup/until.ts';
import { reasonOf } from '../wire/failure.ts';
import { ask, bearer, type GatewayAnswer, type GatewayRequest } from './client.ts';
import { type GatewayLab, type IssuedToken, OTHER_TENANT, openGatewayLab } from './lab.ts';
import { spellingsOf, TOLD_HEADERS } from './own-headers.ts';

const WEBSOCKET = [
  ...['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
  ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];

/** What a client might send to pass for somebody else. */
const SPOOFED = TOLD_HEADERS.flatMap(spellingsOf).flatMap((name) => [name, 'evil']);

/** How one gateway differs from another in what its clients see. */
export interface GatewayTraits {
  /** What clients get when Signum cannot answer; never 401 or 403. */
  readonly outage: number;
  /** What clients get when the gateway itself is refused. */
  readonly misconfigured: number;
  /** Whether a route of the example, /admin/, requires the scope `admin`. */
  readonly routeRequires: boolean;
}

/** Tries a real gateway with its example's configuration, in front of a service that echoes. */
export function describeGateway(gateway: Gateway, traits: GatewayTraits): void {
  const present = gateway.executable() !== undefined;
  const name = present ? gateway.name : `${gateway.name} (needs ${gateway.needs})`;
  describe.skipIf(!present)(name, () => {
    let lab: GatewayLab;
    beforeAll(async () => {
      lab = await openGatewayLab();
    });
    afterAll(() => lab?.close());
    for (const way of waysOf(gateway)) {
      describe(WAYS[way], () => cases(gateway, way, traits, () => lab));
    }
    describeRow(gateway, () => lab);
  });
}

const WAYS: Readonly<Record<Way, string>> = {
  key: 'with an API key',
  certificate: 'with a client certificate',
  edge: 'at signum edge',
};

function waysOf({ credentials }: Gateway): readonly Way[] {
  return credentials.length === 0 ? [] : [...credentials, 'edge'];
}

/** Ends a token for whom a gateway asks: for edges the revocation is over when it returns. */
function revoked(token: IssuedToken, way: Way): Promise<unknown> {
  return way === 'edge' ? token.revokeFenced() : token.revoke();
}

function cases(gateway: Gateway, way: Way, traits: GatewayTraits, lab: () => GatewayLab): void {
  let port: number;
  beforeAll(async () => {
    port = await lab().gateway(gateway, way);
    const { accessToken } = await lab().issue();
    // Gateways that look after Signum's health need a moment to find it well.
    await until(
      'the gateway lets a request pass',
      async () => (await ask(port, { headers: bearer(accessToken) })).status === 200,
    );
  });

  /** Expects a request to be refused, and not to reach the service. */
  const refused = async (request: GatewayRequest): Promise<GatewayAnswer> => {
    const before = lab().service.requests.length;
    const answer = await ask(port, request);
    expect(lab().service.requests.length).toBe(before);
    return answer;
  };
  /** Expects a request to pass; what the service was told of it. */
  const passed = async (request: GatewayRequest) => {
    const answer = await ask(port, request);
    expect(answer.status).toBe(200);
    return (answer.body === '' ? {} : JSON.parse(answer.body)) as Record<string, string>;
  };

  test('a good token passes, and the service is told whose it is', async () => {
    const { accessToken, sessionId } = await lab().issue({
      scopes: ['read', 'write'],
      userId: 'ädä',
    });
    const told = await passed({ headers: bearer(accessToken) });
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
    expect(told).toMatchObject({
      'x-signum-tenant': 'acme',
      'x-signum-user': '%C3%A4d%C3%A4',
      'x-signum-device': encodeURIComponent(claims.did),
      'x-signum-session': sessionId,
      'x-signum-token-id': claims.jti,
      'x-signum-scope': 'read write',
      'x-signum-expires': String(claims.exp),
    });
    expect(told).not.toHaveProperty('x-signum-key');
  });

  test('without a token a request is challenged, and told no error', async () => {
    const { status, headers } = await refused({});
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  test.each([
    ['garbage', 'rubbish'],
    ['a forged token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmUifQ.AA'],
  ])('%s is refused', async (_what, token) => {
    const { status, headers } = await refused({ headers: bearer(token) });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('an expired token is refused', async () => {
    const { accessToken } = await lab().issue({ lifetimeS: 1 });
    await until(
      'the token has expired',
      async () => (await ask(port, { headers: bearer(accessToken) })).status === 401,
    );
    const { headers } = await refused({ headers: bearer(accessToken) });
    expect(headers['www-authenticate']).toContain('expired');
  });

  test('a token is refused from the moment on at which it was revoked', async () => {
    const token = await lab().issue();
    const { accessToken } = token;
    await passed({ headers: bearer(accessToken) });
    await revoked(token, way);
    const { status, headers } = await refused({ headers: bearer(accessToken) });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('revoked');
  });

  test('a token of a tenant that the gateway is not there for is refused', async () => {
    const { accessToken } = await lab().issue({ tenantId: OTHER_TENANT });
    expect((await refused({ headers: bearer(accessToken) })).status).toBe(401);
  });

  if (traits.routeRequires) {
    test('a route that requires a scope lets in whom has it and nobody else', async () => {
      const path = '/admin/users';
      const { accessToken: admin } = await lab().issue({ scopes: ['read', 'admin'] });
      const { accessToken: reader } = await lab().issue({ scopes: ['read'] });
      await passed({ path, headers: bearer(admin) });
      const { status, headers } = await refused({ path, headers: bearer(reader) });
      expect(status).toBe(403);
      // nginx copies no challenge from a 403.
      expect(headers['www-authenticate'] ?? 'scope="admin"').toContain('scope="admin"');
    });

    test.each([
      ...['//admin/users', '/x/../admin/users', '/./admin/users', '/%61dmin/users', '/admin'],
      ...['/ADMIN/users', '/admin%2Fusers', '/x/%2e%2e/admin/users', '/x/..%2fadmin/users'],
    ])('no other spelling of its path, such as %s, gets round the requirement', async (path) => {
      const { accessToken } = await lab().issue({ scopes: ['read'] });
      const answer = await ask(port, { path, headers: bearer(accessToken) });
      expect([400, 403, 404]).toContain(answer.status);
    });

    test('a client that names requirements itself gets no further by it', async () => {
      const { accessToken } = await lab().issue({ scopes: ['read'] });
      for (const value of ['read', '', 'read admin']) {
        const headers = [...bearer(accessToken), 'X-Signum-Required-Scope', value];
        expect((await refused({ path: '/admin/users', headers })).status).toBe(403);
      }
    });
  }

  test('a query of the client’s is none of Signum’s business', async () => {
    const { accessToken } = await lab().issue();
    await passed({
      path: '/orders?scope=admin&audience=x&other=%00',
      headers: bearer(accessToken),
    });
  });

  test('two authorization headers are refused', async () => {
    const { accessToken } = await lab().issue();
    const headers = [...bearer(accessToken), ...bearer('eyJ.eyJ.AA')];
    const answer = await refused({ headers });
    expect([400, 401]).toContain(answer.status);
    expect((await refused({ headers: [...bearer('x'), ...bearer(accessToken)] })).status).not.toBe(
      200,
    );
  });

  test('a client cannot pass for somebody else', async () => {
    const { accessToken } = await lab().issue();
    const told = await passed({ headers: [...SPOOFED, ...bearer(accessToken)] });
    expect(told['x-signum-user']).toBe('ada');
    expect(JSON.stringify(told)).not.toContain('evil');
    // A token without scopes: the header is empty or absent.
    expect(told['x-signum-scope'] ?? '').toBe('');
    expect((await refused({ headers: SPOOFED })).status).toBe(401);
  });

  test('a token that is bound to a key passes with a proof for the request, once', async () => {
    const holder = await newHolder();
    const { accessToken } = await lab().issue({ jkt: holder.thumbprint });
    const request = { method: 'GET', uri: `http://127.0.0.1:${port}/orders`, about: accessToken };
    const shown = (proof: string) => ['Authorization', `DPoP ${accessToken}`, 'DPoP', proof];
    const headers = shown(await holder.prove(request));
    const told = await passed({ path: '/orders?page=2', headers });
    expect(told['x-signum-user']).toBe('ada');
    for (const bad of [
      headers,
      shown(await holder.prove({ ...request, method: 'POST' })),
      shown(await (await newHolder()).prove(request)),
    ]) {
      const { status, headers: challenged } = await refused({ headers: bad });
      expect(status).toBe(401);
      expect(challenged['www-authenticate']).toMatch(/^DPoP error="invalid_dpop_proof", algs=/);
    }
    const { headers: challenged } = await refused({ headers: bearer(accessToken) });
    expect(challenged['www-authenticate']).toMatch(/^DPoP error="invalid_token"/);
  });

  test('a client’s own key for Signum is not taken for the gateway’s', async () => {
    const { accessToken } = await lab().issue();
    const { adminKey } = lab().signum;
    const headers = ['X-Signum-Key', adminKey];
    expect((await refused({ headers })).status).toBe(401);
    await ask(port, { headers: [...headers, ...bearer(accessToken)] });
    const { accessToken: foreign } = await lab().issue({ tenantId: OTHER_TENANT });
    expect((await refused({ headers: [...headers, ...bearer(foreign)] })).status).not.toBe(200);
  });

  test.each(['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH'])(
    '%s is asked about',
    async (method) => {
      const { accessToken } = await lab().issue();
      const body = method.startsWith('P') ? 'x'.repeat(10_000) : undefined;
      await passed({ method, headers: bearer(accessToken), ...(body && { body }) });
      expect((await refused({ method, ...(body && { body }) })).status).toBe(401);
    },
  );

  test('a WebSocket opens with a good token only', async () => {
    const { accessToken } = await lab().issue();
    const opened = await ask(port, { headers: [...WEBSOCKET, ...bearer(accessToken)] });
    expect(opened.status).toBe(101);
    expect(opened.headers['x-user']).toBe('ada');
    expect((await refused({ headers: WEBSOCKET })).status).toBe(401);
  });

  test('a long path is no obstacle', async () => {
    const { accessToken } = await lab().issue();
    const path = `/orders/${'x'.repeat(3_000)}?${'q'.repeat(2_000)}`;
    await passed({ path, headers: bearer(accessToken) });
  });

  test.skipIf(way === 'edge')(
    'a gateway that is refused itself lets nobody in, and blames no token',
    async () => {
      const forged = await lab().gateway(gateway, way, 'forged');
      const { accessToken } = await lab().issue();
      const before = lab().service.requests.length;
      const { status } = await ask(forged, { headers: bearer(accessToken) });
      expect(status).toBe(traits.misconfigured);
      expect(lab().service.requests.length).toBe(before);
    },
  );

  test('without Redis nobody is let in, and no token is called bad', async () => {
    const { accessToken } = await lab().issue();
    // An edge has seen it, and goes on for as long as its lease holds.
    await passed({ headers: bearer(accessToken) });
    lab().redis.blackhole();
    try {
      if (way === 'edge') {
        await passed({ headers: bearer(accessToken) });
        await until(
          'the lease is over',
          async () => (await ask(port, { headers: bearer(accessToken) })).status !== 200,
        );
      }
      // Who asks while Signum still waits for Redis may be less patient.
      expect(await reasonOf(lab().issue())).toBe('STORE_UNAVAILABLE');
      const { status } = await refused({ headers: bearer(accessToken) });
      expect(status).toBe(traits.outage);
    } finally {
      lab().redis.heal();
    }
    await until(
      'the token passes again',
      async () => (await ask(port, { headers: bearer(accessToken) })).status === 200,
    );
  });
}

/**
 * Measures what the table in the guide tells of a gateway, and holds the two together. It ends with a
 * Signum that is gone.
 */
export function describeRow(gateway: Gateway, lab: () => GatewayLab): void {
  test('the guide tells how it behaves', { timeout: 60_000 }, async () => {
    const yes = (is: boolean) => (is ? 'yes' : 'no');
    const passes = async (port: number, token: string) =>
      (await ask(port, { headers: bearer(token) })).status === 200;
    const { accessToken, revoke } = await lab().issue();
    const works = new Map<GatewayCredential | undefined, boolean>();
    let port = 0;
    for (const credential of gateway.credentials.length > 0 ? gateway.credentials : [undefined]) {
      port = await lab().gateway(gateway, credential ?? 'key');
      await until('a good token passes', () => passes(port, accessToken));
      works.set(credential, await passes(port, accessToken));
    }
    const spoofed = await ask(port, { headers: [...SPOOFED, ...bearer(accessToken)] });
    const isOverwritten = spoofed.status === 200 && !spoofed.body.includes('evil');
    await revoke();
    const isRevokedAtOnce = !(await passes(port, accessToken));
    const atEdge = gateway.credentials.length === 0 ? undefined : await measureEdge(gateway, lab());
    const { accessToken: another } = await lab().issue();
    const { signum } = lab();
    const closing = signum.close();
    // Until all who are connected have gone, which may take longer than a lease.
    await until('nobody can connect', () => isRefused(signum.server.addresses.public.port));
    const goesOn = atEdge !== undefined && (await passes(atEdge.port, atEdge.accessToken));
    await closing;
    const { status } = await ask(port, { headers: bearer(another) });

    const credentials =
      gateway.credentials.length === 0
        ? ['none', 'none']
        : [yes(works.get('certificate') === true), yes(works.get('key') === true)];
    const row = [
      `[${gateway.name}](../../examples/${gateway.name})`,
      ...credentials,
      yes(isRevokedAtOnce),
      status === 200 ? 'goes on' : `nobody passes (${status})`,
      isOverwritten ? 'taken out' : 'passed on',
      atEdge === undefined ? 'none' : yes(goesOn && atEdge.isRevokedAtOnce && atEdge.isOverwritten),
    ];
    expect(readFileSync('docs/guide/gateways.md', 'utf8')).toContain(`| ${row.join(' | ')} |`);
  });
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** The same at a `signum edge`, with a token that it has let pass. */
async function measureEdge(gateway: Gateway, lab: GatewayLab) {
  const port = await lab.gateway(gateway, 'edge');
  const ended = await lab.issue();
  const passes = async (token: string) =>
    (await ask(port, { headers: bearer(token) })).status === 200;
  await until('a good token passes', () => passes(ended.accessToken));
  await ended.revokeFenced();
  const isRevokedAtOnce = !(await passes(ended.accessToken));
  const { accessToken } = await lab.issue();
  const spoofed = await ask(port, { headers: [...SPOOFED, ...bearer(accessToken)] });
  const isOverwritten = spoofed.status === 200 && !spoofed.body.includes('evil');
  return { port, accessToken, isRevokedAtOnce, isOverwritten };
}
