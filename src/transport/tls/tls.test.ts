import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CannedRpc, createCannedRpc } from '../../../test/listeners/canned-rpc.ts';
import {
  type ClientIdentity,
  createTestCertificates,
  type TestCertificates,
} from '../../../test/listeners/certificates.ts';
import { callGrpc } from '../../../test/listeners/grpc-client.ts';
import { send } from '../../../test/listeners/send.ts';
import { startGrpc } from '../grpc/grpc.ts';
import { startPublic } from '../http/public.ts';
import type { Listener } from '../listener.ts';
import { openTlsFiles, type TlsSource } from './files.ts';
import type { ClientCertificates } from './options.ts';

const NAMES = ['public', 'grpc'] as const;

let certificates: TestCertificates;
let stranger: TestCertificates;
let tls: TlsSource;
let warnings: unknown[];
let rpc: CannedRpc;
let listener: Listener;

beforeEach(async () => {
  certificates = await createTestCertificates();
  stranger = await createTestCertificates();
  warnings = [];
  const log = { info: () => {}, warn: (fields: unknown) => warnings.push(fields) };
  tls = await openTlsFiles({ files: certificates.files, pollMs: 5, log });
  rpc = createCannedRpc();
});

afterEach(async () => {
  await listener.close();
  tls.close();
  certificates.remove();
  stranger.remove();
});

async function start(name: 'public' | 'grpc', clientCertificates: ClientCertificates = 'off') {
  const log = { info: () => {}, warn: () => {} };
  const options = { rpc, tls, log, clientCertificates, host: '127.0.0.1', port: 0 };
  const started = name === 'grpc' ? startGrpc(options) : startPublic(options);
  listener = await started;
}

/** Calls Refresh over the listener; rejects if there is no connection. */
async function call(name: 'public' | 'grpc', identity?: ClientIdentity): Promise<void> {
  const { port } = listener.address;
  const { ca } = certificates;
  if (name === 'grpc') return callGrpc({ port, ca, identity });
  const headers = { 'content-type': 'application/json' };
  const path = '/signum.v1.TokenService/Refresh';
  await send({ version: '2', port, ca, identity, method: 'POST', path, headers, body: '{}' });
}

async function handshake(ca: Buffer, servername = 'localhost'): Promise<TLSSocket> {
  const { port } = listener.address;
  const socket = connect({ port, host: '127.0.0.1', servername, ca, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  return socket;
}

describe.each(NAMES)('on the %s listener', (name) => {
  test('a new certificate is used without a restart, and open connections stay', async () => {
    await start(name);
    const { port } = listener.address;
    const open = connectHttp2(`https://localhost:${port}`, { ca: certificates.ca });
    await once(open, 'connect');
    const before = (await handshake(certificates.ca)).getPeerX509Certificate()?.fingerprint256;

    copyFileSync(stranger.files.keyFile, certificates.files.keyFile);
    copyFileSync(stranger.files.certFile, certificates.files.certFile);
    await expect.poll(() => handshake(stranger.ca).catch(() => undefined)).toBeDefined();
    const after = (await handshake(stranger.ca)).getPeerX509Certificate()?.fingerprint256;
    expect(after).not.toBe(before);

    expect([open.closed, open.destroyed]).toEqual([false, false]);
    const acknowledged = new Promise((resolve) => open.ping(resolve));
    expect(await acknowledged).toBeNull();
    open.destroy();
  });

  test('a certificate without its key is not taken', async () => {
    await start(name);
    const before = readFileSync(certificates.files.certFile);
    copyFileSync(stranger.files.certFile, certificates.files.certFile);
    await expect.poll(() => warnings).toHaveLength(1);
    await expect(handshake(certificates.ca)).resolves.toBeDefined();
    writeFileSync(certificates.files.certFile, 'rubbish');
    await expect.poll(() => warnings).toHaveLength(2);
    await expect(handshake(certificates.ca)).resolves.toBeDefined();
    writeFileSync(certificates.files.certFile, before);
    await expect(handshake(certificates.ca)).resolves.toBeDefined();
  });

  test('without client certificates asked for, one that is sent names nobody', async () => {
    await start(name, 'off');
    await call(name, await certificates.client('gateway'));
    expect(rpc.seen).toMatchObject([{ certificateNames: [] }]);
  });

  test('an optional certificate of the authority names its caller', async () => {
    await start(name, 'optional');
    await call(name, await certificates.client('gateway'));
    expect(rpc.seen).toMatchObject([{ certificateNames: ['DNS:gateway'] }]);
  });

  test('without an optional certificate the caller is nobody', async () => {
    await start(name, 'optional');
    await call(name);
    expect(rpc.seen).toMatchObject([{ certificateNames: [] }]);
  });

  test('an optional certificate of another authority names nobody', async () => {
    await start(name, 'optional');
    await call(name, await stranger.client('gateway'));
    expect(rpc.seen).toMatchObject([{ certificateNames: [] }]);
  });

  test('a required certificate of the authority names its caller', async () => {
    await start(name, 'required');
    await call(name, await certificates.client('gateway'));
    expect(rpc.seen).toMatchObject([{ certificateNames: ['DNS:gateway'] }]);
  });

  test('without a required certificate there is no connection', async () => {
    await start(name, 'required');
    await expect(call(name)).rejects.toThrow();
    await expect(call(name, await stranger.client('gateway'))).rejects.toThrow();
    expect(rpc.seen).toEqual([]);
  });
});

test('client certificates cannot be asked for without an authority', async () => {
  const { certFile, keyFile } = certificates.files;
  const log = { info: () => {}, warn: () => {} };
  await start('public');
  const source = await openTlsFiles({ files: { certFile, keyFile }, log });
  const options = { rpc, tls: source, host: '127.0.0.1', port: 0 };
  await expect(startGrpc({ ...options, clientCertificates: 'optional' })).rejects.toThrow(
    'client CA',
  );
  source.close();
});
