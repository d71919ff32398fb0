// npm run example -- NAME [--edge]: puts a gateway with its example's configuration between you and a service
// that echoes, beside the Signum that `npm start` runs, with a `signum edge` between the two if wanted.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { CallerService, Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { devStateDir, findDevState } from '../../src/cli/connect/dev-state.ts';
import { clientCertificate } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { startEchoService } from './echo-service.ts';
import { startEdgeProcess } from './edge.ts';
import { GATEWAYS } from './gateway.ts';
import { startGateway } from './start-gateway.ts';

const PORT = 8080;

const [name, option, ...others] = process.argv.slice(2);
const atEdge = option === '--edge';
const gateway = GATEWAYS.find((each) => each.name === name);
if (gateway === undefined || (option !== undefined && !atEdge) || others.length > 0)
  fail(`Usage: npm run example -- <${GATEWAYS.map((each) => each.name).join('|')}> [--edge]`);
if (atEdge && gateway.credentials.length === 0) fail(`${gateway.name} asks nobody, and no edge.`);
if (gateway.executable() === undefined)
  fail(`${gateway.name} is not here. It needs ${gateway.needs}.`);
const state = findDevState(devStateDir(process.env));
if (state?.server === undefined) fail('Run `npm start` first, in another terminal.');

const { address, grpcAddress } = state.server;
const ca = readFileSync(state.caFile, 'utf8');
const apiKey = await callerKey('gateway', [Permission.VALIDATE]);
const edge = atEdge
  ? await startEdgeProcess({
      ...{ address, caFile: state.caFile },
      apiKey: await callerKey('edge', [Permission.VALIDATE, Permission.WATCH]),
    })
  : undefined;
const certificate = await clientCertificate(state.dir, 'gateway');
const service = await startEchoService();
const running = await startGateway(
  gateway,
  {
    port: PORT,
    servicePort: service.port,
    innerPort: await findFreePort(),
    publicPort: Number(new URL(address).port),
    grpcPort: Number(grpcAddress?.split(':').at(-1) ?? 9443),
    issuer: address,
    audience: 'signum-dev',
    ...certificate,
    apiKey,
    ...(edge && { edgeSocket: edge.edgeSocket, edgeGrpcSocket: edge.edgeGrpcSocket }),
  },
  atEdge ? 'edge' : 'key',
);
const asked = edge ? `a signum edge, which follows the Signum` : 'the Signum';
const fenced = atEdge ? ' --fence' : '';
for (const line of edge?.said ?? []) process.stdout.write(`  ${line}\n`);

process.stdout.write(`${gateway.name} listens on http://127.0.0.1:${PORT}, with the configuration in examples/${gateway.name}.
It asks ${asked} at ${address}, and passes requests on to a service that echoes their headers.

# In a third terminal, in this directory. Without a token: 401, and the challenge.
curl -si http://127.0.0.1:${PORT}/orders
signum() { node scripts/run.js cli "$@"; }
eval "$(signum issue --tenant acme --user ada --device phone --output shell)"

# With a token: it passes, and the service is told whose it is.
curl -si -H "authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:${PORT}/orders

# Log out. The same request: 401.
echo "$ACCESS_TOKEN" | signum revoke -${fenced}
curl -si -H "authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:${PORT}/orders

Ctrl-C stops the gateway.
`);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, async () => {
    await running.stop();
    await edge?.stop();
    await service.close();
    process.exit(0);
  });
}

/** The API key of a caller with some permissions, made once. */
async function callerKey(kind: string, permissions: Permission[]): Promise<string> {
  const file = join(state?.dir ?? '', `example-${kind}-key`);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const adminKey = readFileSync(state?.adminKeyFile ?? '', 'utf8').trim();
  const bearer: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${adminKey}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl: address,
    httpVersion: '2',
    nodeOptions: { ca },
    interceptors: [bearer],
  });
  const { apiKey } = await createClient(CallerService, transport).createCaller({
    name: `example-${kind}-${Date.now().toString(36)}`,
    permissions,
    tenants: ['*'],
  });
  mkdirSync(state?.dir ?? '', { recursive: true });
  writeFileSync(file, `${apiKey}\n`, { mode: 0o600 });
  return apiKey;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
