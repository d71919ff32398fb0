import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { certificateFaults } from '../../domain/certificate-validity.ts';
import type { Client } from '../connect/client.ts';
import { httpGet } from '../connect/http-get.ts';
import { explainFailure } from '../failure/explain-failure.ts';
import type { ClientSettings } from '../input/settings.ts';
import { distance, rfc3339 } from '../output/instants.ts';
import type { Examination, Finding } from './finding.ts';

interface Patient {
  readonly client: Client;
  readonly settings: ClientSettings;
  readonly now: Date;
}

interface Result {
  readonly fact?: string;
  readonly findings?: readonly Finding[];
}

const DAY_MS = 86_400_000;
const RENEW_SOON_MS = 14 * DAY_MS;

/** One look at the API each; what a look fails with is a finding itself. */
const LOOKS: readonly { readonly subject: string; look(patient: Patient): Promise<Result> }[] = [
  { subject: 'certificate', look: lookAtCertificate },
  { subject: 'API', look: lookAtRpc },
  { subject: 'JWKS', look: lookAtJwks },
  { subject: 'readiness', look: lookAtReadiness },
];

/** Examines the server from the outside, as its clients see it. */
export async function examineApi(patient: Patient): Promise<Examination> {
  const results = await Promise.all(
    LOOKS.map(({ subject, look }) =>
      look(patient).catch((error: unknown): Result => ({ findings: [failed(subject, error)] })),
    ),
  );
  return {
    area: `API at ${patient.settings.address}`,
    facts: results.flatMap(({ fact }) => fact ?? []),
    findings: onceEach(results.flatMap(({ findings }) => findings ?? [])),
  };
}

/** A server that is down fails every look in the same way: once is enough. */
function onceEach(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    ({ problem }, index) => findings.findIndex((other) => other.problem === problem) === index,
  );
}

function failed(subject: string, error: unknown): Finding {
  const { reason, message, next } = explainFailure(error);
  return { severity: 'error', subject, problem: `${reason}: ${message}`, fix: next ?? '' };
}

async function lookAtCertificate({ settings, now }: Patient): Promise<Result> {
  if (settings.address.startsWith('http:')) {
    const problem = 'the server is called without TLS: tokens travel in clear';
    const fix = 'give the server SIGNUM_TLS_CERT_FILE and SIGNUM_TLS_KEY_FILE';
    return { findings: [{ severity: 'warning', subject: 'certificate', problem, fix }] };
  }
  const certificate = await peerCertificate(settings);
  const expires = certificate.validToDate;
  const leftMs = expires.getTime() - now.getTime();
  const fact = `certificate valid until ${rfc3339(expires)} (${distance(leftMs)})`;
  const fix = 'replace the certificate files; the server takes them up without a restart';
  const found = (severity: Finding['severity'], problem: string): Finding => {
    return { severity, subject: 'certificate', problem, fix };
  };
  const faults = certificateFaults(certificate, 'server', now.getTime());
  if (faults.length > 0) {
    return { fact, findings: faults.map((fault) => found('error', `the certificate ${fault}`)) };
  }
  if (leftMs > RENEW_SOON_MS) return { fact };
  const problem = `the certificate expires ${distance(leftMs)}`;
  return { fact, findings: [found(leftMs > DAY_MS ? 'warning' : 'error', problem)] };
}

/** Of a handshake alone, in which nothing is sent: so that one that nobody trusts can be looked at too. */
function peerCertificate(settings: ClientSettings): Promise<X509Certificate> {
  const { hostname, port } = new URL(settings.address);
  const host = hostname.replace(/[[\]]/g, '');
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>();
  const socket = connect({
    host,
    port: Number(port || 443),
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
    ...(settings.clientCert !== undefined && { cert: settings.clientCert }),
    ...(settings.clientKey !== undefined && { key: settings.clientKey }),
  });
  socket.setTimeout(settings.timeoutMs, () => socket.destroy(new Error('the TLS handshake hangs')));
  socket.once('secureConnect', () => {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) reject(new Error('the server has shown no certificate'));
    else resolve(certificate);
    socket.end();
  });
  socket.once('error', reject);
  return promise;
}

/** GetJwks is open to everyone and goes all the way through the pipeline. */
async function lookAtRpc({ client }: Patient): Promise<Result> {
  await client.keys.getJwks({});
  return { fact: 'answers calls' };
}

async function lookAtJwks({ settings }: Patient): Promise<Result> {
  const { address, ca, clientCert: cert, clientKey: key, timeoutMs } = settings;
  const url = `${address}/.well-known/jwks.json`;
  const { status, body } = await httpGet(url, { ca, cert, key, timeoutMs });
  const fix = 'see what answers at the address: a proxy may not pass this path on';
  if (status !== 200) {
    const problem = `${url} answers HTTP ${status}`;
    return { findings: [{ severity: 'error', subject: 'JWKS', problem, fix }] };
  }
  const { keys = [] } = JSON.parse(body) as { keys?: unknown[] };
  return { fact: `publishes ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}` };
}

/** Only on this machine, for the operations listener is private. */
async function lookAtReadiness({ settings }: Patient): Promise<Result> {
  const operations = settings.dev?.server?.operationsAddress;
  if (operations === undefined) return {};
  const { status, body } = await httpGet(`${operations}/readyz`, { timeoutMs: settings.timeoutMs });
  if (status === 200) return { fact: 'ready' };
  const problem = `the server is not ready: ${body.trim().slice(0, 300)}`;
  const fix = 'see below what Redis lacks';
  return { findings: [{ severity: 'error', subject: 'readiness', problem, fix }] };
}
