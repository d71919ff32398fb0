import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Gateway, Way } from './gateway.ts';

/** What a configuration in examples/ is to name in the place of what stands there. */
export interface Place {
  /** Port that clients come to. */
  readonly port: number;
  /** Port of the service behind the gateway, on 127.0.0.1. */
  readonly servicePort: number;
  /** A port of HAProxy's own. */
  readonly innerPort: number;
  /** Ports of Signum's listeners, on 127.0.0.1; their certificate is for `localhost`. */
  readonly publicPort: number;
  readonly grpcPort: number;
  readonly issuer: string;
  readonly audience: string;
  /** PEM of the authority that has signed Signum's certificate. */
  readonly caFile: string;
  readonly apiKey: string;
  /** Unix sockets of a `signum edge`: of `/authz`, and of `Check`. */
  readonly edgeSocket?: string;
  readonly edgeGrpcSocket?: string;
  /** PEM files of the gateway's certificate and its key. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Absent: clients come without TLS. */
  readonly clients?: ClientTls;
}

/** What the gateway's own TLS listener shows to clients, and which certificates of theirs it takes; PEM files. */
export interface ClientTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
}

const EXAMPLES = new URL('../', import.meta.url);

/**
 * Writes a gateway's configuration into a folder as somebody would who follows the example: the
 * addresses and files are theirs, and so is the way that they have chosen.
 */
export function configure({ name }: Gateway, dir: string, place: Place, way: Way): void {
  const source = fileURLToPath(new URL(name, EXAMPLES));
  for (const file of readdirSync(source)) {
    const text = chooseClients(readFileSync(join(source, file), 'utf8'), place.clients);
    writeFileSync(join(dir, file), settle(choose(text, way), dir, place));
  }
  writeFileSync(join(dir, 'gateway-key'), place.apiKey, { mode: 0o600 });
  const header = `proxy_set_header X-Signum-Key "${place.apiKey}";\n`;
  writeFileSync(join(dir, 'nginx-key.conf'), header, { mode: 0o600 });
  const pem = readFileSync(place.certFile, 'utf8') + readFileSync(place.keyFile, 'utf8');
  writeFileSync(join(dir, 'gateway.pem'), pem, { mode: 0o600 });
  if (place.clients !== undefined) writeClientTls(dir, place.clients);
}

function writeClientTls(dir: string, { certFile, keyFile, clientCaFile }: ClientTls): void {
  const [cert, key] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')];
  const files = { 'api.crt': cert, 'api.key': key, 'api.pem': cert + key };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  }
  writeFileSync(join(dir, 'clients-ca.crt'), readFileSync(clientCaFile));
}

/** Swaps the lines for clients without TLS for those for clients with certificates. */
function chooseClients(text: string, clients: ClientTls | undefined): string {
  if (clients === undefined) return text;
  return text.replace(/^.*# \[plain\]\n/gm, '').replace(/# \[mtls\] /g, '');
}

/** Swaps the lines of the one way for those of another, as the examples tell. */
function choose(text: string, way: Way): string {
  switch (way) {
    case 'key':
      return text;
    case 'certificate':
      return text.replace(/^.*# \[key\]\n/gm, '').replace(/# \[certificate\] /g, '');
    case 'edge':
      return text.replace(/^.*# \[(key|server)\]\n/gm, '').replace(/# \[edge\] /g, '');
  }
}

function settle(text: string, dir: string, place: Place): string {
  const settled: readonly (readonly [string, string | number])[] = [
    ['issuer: https://signum.example.com', `issuer: ${place.issuer}`],
    ['audiences: [api.example.com]', `audiences: [${place.audience}]`],
    ['address: signum.example.com', 'address: 127.0.0.1'],
    ['signum.example.com:8443', `127.0.0.1:${place.publicPort}`],
    ['port_value: 8443', `port_value: ${place.publicPort}`],
    ['port_value: 9443', `port_value: ${place.grpcPort}`],
    ['signum.example.com', 'localhost'],
    ['127.0.0.1:3000', `127.0.0.1:${place.servicePort}`],
    ['port_value: 3000', `port_value: ${place.servicePort}`],
    ['127.0.0.1:9000', `127.0.0.1:${place.innerPort}`],
    ['address: 0.0.0.0, port_value: 8080', `address: 127.0.0.1, port_value: ${place.port}`],
    ['listen 8080', `listen 127.0.0.1:${place.port}`],
    ['bind :8080', `bind 127.0.0.1:${place.port}`],
    ['https://:8080 {', `https://:${place.port} {`],
    [':8080 {', `http://:${place.port} {`],
    ['/run/signum/edge.sock', place.edgeSocket ?? ''],
    ['/run/signum/edge-grpc.sock', place.edgeGrpcSocket ?? ''],
    ['/etc/signum/ca.crt', place.caFile],
    ['/etc/signum/gateway.crt', place.certFile],
    ['/etc/signum/gateway.key', place.keyFile],
    ['/etc/signum/', `${dir}/`],
  ];
  return settled.reduce((result, [from, to]) => result.replaceAll(from, String(to)), text);
}
