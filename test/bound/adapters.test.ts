import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { connectEdge, type Edge } from '@signum/edge';
import { signum as expressGuard } from '@signum/edge/express';
import { signum as fastifyGuard } from '@signum/edge/fastify';
import { signum as honoGuard } from '@signum/edge/hono';
import { certificateThumbprint } from '@signum/token';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../listeners/certificates.ts';
import { send } from '../listeners/send.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';

/** An app over TLS that has asked for a client's certificate. */
interface App {
  readonly port: number;
  close(): Promise<unknown>;
}

let signum: TestServer;
let certificates: TestCertificates;
let edge: Edge;
let holder: ClientIdentity;
let thief: ClientIdentity;
let token: string;

beforeAll(async () => {
  certificates = await createTestCertificates();
  [holder, thief] = [await certificates.client('app'), await certificates.client('thief')];
  signum = await startTestServer();
  const { apiKey } = await signum.client(CallerService).createCaller({
    name: 'edge',
    permissions: [Permission.WATCH, Permission.VALIDATE],
    tenants: ['acme'],
  });
  edge = await connectEdge({ address: signum.address, credentials: { apiKey, ca: signum.ca } });
  const device = { tenantId: 'acme', userId: 'ada', deviceId: 'phone' };
  const value = certificateThumbprint(holder.cert) ?? '';
  const confirmation = { method: { case: 'certificateThumbprint' as const, value } };
  const { tokens } = await signum.client(TokenService).issue({ device, confirmation });
  token = tokens?.accessToken ?? '';
});
afterAll(async () => {
  await edge?.close();
  await signum?.close();
  certificates.remove();
});

const tls = () => ({
  cert: readFileSync(certificates.files.certFile),
  key: readFileSync(certificates.files.keyFile),
  ca: certificates.ca,
  requestCert: true,
  rejectUnauthorized: false,
});

async function expressApp(): Promise<App> {
  const app = express();
  app.use(expressGuard(edge));
  app.get('/', (_request, response) => {
    response.send('ok');
  });
  const server = createServer(tls(), app).listen(0);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: async () => server.close() };
}

async function fastifyApp(): Promise<App> {
  const app = fastify({ https: tls() });
  app.get('/', { onRequest: fastifyGuard(edge) }, async () => 'ok');
  await app.listen({ port: 0 });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

async function fastifyHttp2App(): Promise<App> {
  const app = fastify({ http2: true, https: tls() });
  app.get('/', { onRequest: fastifyGuard(edge) as never }, async () => 'ok');
  await app.listen({ port: 0 });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

async function honoApp(): Promise<App> {
  const app = new Hono();
  app.use(honoGuard(edge));
  app.get('/', (context) => context.text('ok'));
  const server = serve({ fetch: app.fetch, port: 0, createServer, serverOptions: tls() });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: async () => server.close() };
}

describe.each([
  ['Express', expressApp, '1.1'],
  ['Fastify', fastifyApp, '1.1'],
  ['Fastify over HTTP/2', fastifyHttp2App, '2'],
  ['Hono', honoApp, '1.1'],
] as const)('an app of %s over TLS', (_name, start, version) => {
  let app: App;
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());

  const get = (identity?: ClientIdentity) =>
    send({
      ...{ version, port: app.port, ca: certificates.ca, method: 'GET', path: '/', identity },
      headers: { authorization: `Bearer ${token}` },
    });

  test('takes a token that is bound to a certificate with that certificate, and with no other', async () => {
    const good = await get(holder);
    expect([good.status, good.body.toString()]).toEqual([200, 'ok']);
    // Over a connection of its own, and from what is known of the connection.
    expect((await get(holder)).status).toBe(200);
    const stolen = await get(thief);
    expect(stolen.status).toBe(401);
    // RFC 8705 section 3.
    expect(stolen.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const bare = await get();
    expect(bare.status).toBe(401);
    expect(bare.headers['www-authenticate']).toContain('error="invalid_token"');
  });
});

describe('where TLS ends somewhere else', () => {
  /** As a proxy passes it on (RFC 9440). */
  const passed = (value: string | null) => {
    const bytes = /^:([A-Za-z0-9+/]+=*):$/.exec(value ?? '')?.[1];
    return bytes === undefined ? undefined : Buffer.from(bytes, 'base64');
  };
  const item = ({ cert }: ClientIdentity) =>
    `:${cert.toString().replaceAll(/-----[A-Z ]+-----|\s/g, '')}:`;

  /** Answers of an app of Hono without a socket to a request with that header. */
  async function statusOf(
    clientCertificate: (context: {
      readonly req: { readonly raw: Request };
      readonly env?: unknown;
    }) => string | Uint8Array | undefined,
    header?: string,
    bindings: object = {},
  ): Promise<number> {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.use(honoGuard(edge, { clientCertificate }));
    app.get('/', (context) => context.text('ok'));
    const headers = {
      authorization: `Bearer ${token}`,
      ...(header && { 'client-cert': header }),
    };
    return (await app.request('http://api.example/', { headers }, bindings)).status;
  }

  test('the app hands in the certificate in PEM or DER, or its thumbprint', async () => {
    const fromHeader = ({ req }: { readonly req: { readonly raw: Request } }) =>
      passed(req.raw.headers.get('client-cert'));
    expect(await statusOf(fromHeader, item(holder))).toBe(200);
    expect(await statusOf(fromHeader, item(thief))).toBe(401);
    expect(await statusOf(fromHeader, ':bm9uZQ==:')).toBe(401);
    expect(await statusOf(fromHeader)).toBe(401);
    expect(await statusOf(() => holder.cert.toString())).toBe(200);
    expect(await statusOf(() => certificateThumbprint(holder.cert))).toBe(200);
    expect(await statusOf(() => certificateThumbprint(thief.cert))).toBe(401);
    expect(await statusOf(() => 'nonsense')).toBe(401);
    expect(await statusOf(() => undefined)).toBe(401);
    expect(await statusOf(() => '')).toBe(401);
  });

  test('it has nothing but the request of the runtime to find it by', async () => {
    const bindings = { certificate: holder.cert.toString() };
    const fromEnv = ({ env }: { readonly env?: unknown }) =>
      (env as { readonly certificate: string }).certificate;
    expect(await statusOf(fromEnv, undefined, bindings)).toBe(200);
  });

  test('the socket of the proxy does not count, in Express and Fastify alike', async () => {
    const byHeader = ({ headers }: { readonly headers: object }) =>
      passed((headers as Record<string, string>)['client-cert'] ?? null);
    const app = express();
    app.use(expressGuard(edge, { clientCertificate: byHeader }));
    app.get('/', (_request, response) => {
      response.send('ok');
    });
    const server = createServer(tls(), app).listen(0);
    await once(server, 'listening');
    const other = fastify({ https: tls() });
    other.get('/', { onRequest: fastifyGuard(edge, { clientCertificate: byHeader }) }, () => 'ok');
    await other.listen({ port: 0 });
    try {
      for (const each of [server, other.server]) {
        const { port } = each.address() as AddressInfo;
        const get = (identity: ClientIdentity, certificate?: ClientIdentity) =>
          send({
            ...{ version: '1.1', port, ca: certificates.ca },
            ...{ method: 'GET', path: '/', identity },
            headers: {
              authorization: `Bearer ${token}`,
              ...(certificate && { 'client-cert': item(certificate) }),
            },
          });
        expect((await get(thief, holder)).status).toBe(200);
        expect((await get(holder)).status).toBe(401);
        expect((await get(holder, thief)).status).toBe(401);
      }
    } finally {
      server.close();
      await other.close();
    }
  });

  test('what is no function is refused when the app starts', () => {
    const options = { clientCertificate: 'x-client-cert' } as never;
    for (const start of [
      () => expressGuard(edge, options),
      () => fastifyGuard(edge, options),
      () => honoGuard(edge, options),
    ]) {
      expect(start).toThrow('`clientCertificate` must be a function');
    }
  });
});
