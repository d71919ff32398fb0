import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { afterAll, beforeAll, test } from 'vitest';
import { type Identity, issueCertificate } from '../../../src/dev/issue-certificate.ts';
import { CallerService, startTestServer, type TestServer } from '../../setup/server.ts';
import { until } from '../../setup/until.ts';
import { reasonOf } from '../../wire/failure.ts';
import { portOf, TARGETS, type Target } from './attacker.ts';
import { ENTRANCES, visit } from './entrances.ts';
import { type Authority, type Bundle, createAuthority, createBundle } from './identities.ts';

let server: TestServer;
let bundle: Bundle;
let old: Authority;

beforeAll(async () => {
  old = await createAuthority('Old');
  bundle = createBundle(old);
  server = await startTestServer({
    SIGNUM_TLS_CLIENT_CA_FILE: bundle.file,
    SIGNUM_TLS_RELOAD: '1s',
  });
});
afterAll(async () => {
  await server.close();
  bundle.remove();
});

/** The serial number of the certificate that a new connection is shown. */
function serialAt(target: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const port = portOf(server, target);
    const socket = connect({ port, host: 'localhost', ca: server.ca, ALPNProtocols: ['h2'] });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
  });
}

test('a new certificate is shown to new connections while calls on open ones go on', async () => {
  const clients = ENTRANCES.map((entrance) => visit(server, entrance, { apiKey: server.adminKey }));
  const callAll = () =>
    Promise.all(
      clients.map((client) => client.validate({ subject: { case: 'token', value: 'x.y.z' } })),
    );
  await callAll();
  const before = await Promise.all(TARGETS.map(serialAt));
  const { certFile, keyFile, caFile } = server.certificates;
  const ca: Identity = {
    certPem: readFileSync(caFile, 'utf8'),
    keyPem: readFileSync(caFile.replace(/\.crt$/, '.key'), 'utf8'),
  };
  const subject = {
    commonName: 'localhost',
    kind: 'server',
    days: 9,
    dnsNames: ['localhost'],
  } as const;
  const next = await issueCertificate(subject, new Date(), ca);
  writeFileSync(certFile, next.certPem);
  writeFileSync(keyFile, next.keyPem);
  await until('both listeners show the new one', async () => {
    await callAll();
    const now = await Promise.all(TARGETS.map(serialAt));
    return now.every((serial, i) => serial !== before[i]);
  });
  await callAll();
});

test('an authority that is taken out of the bundle makes no more callers', async () => {
  await server.client(CallerService).createCaller({
    name: 'gateway',
    permissions: [Permission.VALIDATE],
    tenants: ['acme'],
    certificateNames: ['DNS:gateway.acme'],
    withoutKey: true,
  });
  const identity = await old.issue({ dnsNames: ['gateway.acme'] });
  // Each call is a connection of its own, which tries to go on with the TLS session of the last.
  const agent = new Agent({ keepAlive: false });
  const call = () =>
    visit(server, 'Connect on HTTP/1.1', { identity, agent }).validate({
      subject: { case: 'token', value: 'x.y.z' },
    });
  await call();
  const next = await createAuthority('Next');
  bundle.write(next);
  await until('the old authority is forgotten', async () => {
    const made = call();
    return made.then(
      () => false,
      async () => (await reasonOf(made)) === 'CREDENTIAL_MISSING',
    );
  });
  const renewed = { identity: await next.issue({ dnsNames: ['gateway.acme'] }) };
  for (const entrance of ENTRANCES) {
    await visit(server, entrance, renewed).validate({ subject: { case: 'token', value: 'x.y.z' } });
  }
});
