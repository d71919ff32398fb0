import { connect } from 'node:http2';
import { createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { openTls } from '../../../src/server/parts/open-tls.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { unary } from '../../listeners/grpc-client.ts';
import { faultsOf } from '../../setup/config-fixture.ts';
import { startTestServer, type TestServer, TokenService } from '../../setup/server.ts';
import { reasonOf } from '../../wire/failure.ts';
import { issued, newDevice, verdictOf } from '../../wire/issued.ts';

/** Empty counts as not set. */
const WITHOUT_CERTIFICATE = { SIGNUM_TLS_CERT_FILE: '', SIGNUM_TLS_KEY_FILE: '' };
const PLAINTEXT = { ...WITHOUT_CERTIFICATE, SIGNUM_INSECURE_PLAINTEXT: 'true' };

describe('a server that is told to serve without TLS', () => {
  let server: TestServer;
  let address: string;

  beforeAll(async () => {
    server = await startTestServer(PLAINTEXT);
    address = `http://localhost:${server.server.addresses.public.port}`;
  });
  afterAll(() => server.close());

  const bearer =
    (key: string) =>
    (next: (request: never) => Promise<never>) =>
    (request: { header: Headers }) => {
      request.header.set('authorization', `Bearer ${key}`);
      return next(request as never);
    };

  test.each(['Connect', 'gRPC-web', 'gRPC'])('answers %s', async (protocol) => {
    const interceptors = [bearer(server.adminKey)] as never;
    const options = { baseUrl: address, httpVersion: '1.1' as const, interceptors };
    const transports = {
      Connect: () => createConnectTransport(options),
      'gRPC-web': () => createGrpcWebTransport(options),
      gRPC: () => createGrpcTransport({ ...options, baseUrl: `http://${server.grpcAddress}` }),
    };
    const transport = transports[protocol as keyof typeof transports]();
    const tokens = createClient(TokenService, transport);
    const { accessToken } = await issued(tokens, newDevice());
    expect(await verdictOf(tokens, accessToken)).toBe('ACTIVE');
  });

  test('answers grpc-js without credentials of the channel', async () => {
    const client = new Client(server.grpcAddress, credentials.createInsecure());
    const authorization = `Bearer ${server.adminKey}`;
    const path = '/signum.v1.KeyService/GetJwks';
    const { answer } = unary(client, path, new Uint8Array(), { authorization });
    expect(String(await answer)).toContain('"keys"');
    client.close();
  });

  test('still wants to know who calls', async () => {
    const transport = createConnectTransport({ baseUrl: address, httpVersion: '1.1' });
    const call = createClient(TokenService, transport).issue({ device: newDevice() });
    expect(await reasonOf(call)).toBe('CREDENTIAL_MISSING');
  });

  test('does not tell browsers to insist on TLS', async () => {
    const response = await fetch(`${address}/.well-known/jwks.json`);
    expect(response.status).toBe(200);
    expect(response.headers.has('strict-transport-security')).toBe(false);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('speaks no HTTP/2 on the public listener, where only TLS can agree on it', async () => {
    const session = connect(address);
    const failed = Promise.withResolvers<unknown>();
    session.on('error', failed.resolve);
    session.request({ ':path': '/.well-known/jwks.json' }).on('error', failed.resolve);
    expect(await failed.promise).toBeInstanceOf(Error);
    session.destroy();
    expect((await fetch(`${address}/.well-known/jwks.json`)).status).toBe(200);
  });

  test('says so where it says what runs', () => {
    const lines = server.server.describe().join('\n');
    expect(lines).toContain('http://localhost');
    expect(lines).toContain('(plaintext)');
    expect(lines).not.toContain('https://');
  });
});

test('a TLS server answers no plaintext', async () => {
  const server = await startTestServer();
  for (const { port } of [server.server.addresses.public, server.server.addresses.grpc]) {
    await expect(fetch(`http://localhost:${port}/.well-known/jwks.json`)).rejects.toThrow();
  }
  await server.close();
});

describe('the flag', () => {
  const env = {
    SIGNUM_REDIS_URL: 'redis://localhost:6379',
    SIGNUM_ISSUER: 'https://tokens.example',
    SIGNUM_AUDIENCE: 'https://api.example',
    SIGNUM_SECRET: 'k7Qm2vX9aB4nC6dE8fG0hJ1iL3oP5rS7tU9wY1zA2bC',
  };
  const loopback = { SIGNUM_PUBLIC_LISTEN: '127.0.0.1:0', SIGNUM_GRPC_LISTEN: '[::1]:0' };
  const flag = { SIGNUM_INSECURE_PLAINTEXT: 'true' };

  test('is needed: without certificates and without it there is no server', () => {
    expect([...faultsOf({ ...env, ...loopback }).keys()]).toEqual([
      'SIGNUM_TLS_CERT_FILE',
      'SIGNUM_TLS_KEY_FILE',
    ]);
  });

  test('is refused beside certificates', () => {
    const both = { ...env, ...loopback, ...flag, SIGNUM_TLS_CERT_FILE: 'cert.pem' };
    expect(faultsOf(both).has('SIGNUM_INSECURE_PLAINTEXT')).toBe(true);
  });

  test('serves loopback addresses only, unless told twice', () => {
    expect(faultsOf({ ...env, ...loopback, ...flag }).size).toBe(0);
    for (const name of ['SIGNUM_PUBLIC_LISTEN', 'SIGNUM_GRPC_LISTEN']) {
      const open = { ...env, ...loopback, ...flag, [name]: '0.0.0.0:0' };
      expect([...faultsOf(open).keys()]).toEqual([name]);
      expect(faultsOf({ ...open, SIGNUM_INSECURE_PLAINTEXT_ANYWHERE: 'true' }).size).toBe(0);
    }
    expect(faultsOf({ ...env, ...loopback, SIGNUM_INSECURE_PLAINTEXT_ANYWHERE: 'true' }).size).toBe(
      2,
    );
  });

  test('makes the server warn', async () => {
    const warnings: unknown[][] = [];
    const log = { warn: (...said: unknown[]) => warnings.push(said) } as unknown as Log;
    const { tls } = loadConfig({ ...env, ...loopback, ...flag });
    expect(await openTls(tls, log)).toBe('plaintext');
    expect(warnings).toHaveLength(1);
    expect(String(warnings[0]?.[1])).toMatch(/no encryption/i);
  });
});
