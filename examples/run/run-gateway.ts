import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { clientCertificate } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type Dev, untilSignal } from './dev.ts';
import { startEchoService } from './echo-service.ts';
import { startEdgeProcess } from './edge.ts';
import type { Gateway } from './gateway.ts';
import { startGateway } from './start-gateway.ts';

const PORT = 8080;

/**
 * Puts a gateway with its example's configuration between you and a service that echoes, beside the Signum that
 * `npm start` runs, with a `signum edge` between the two if wanted.
 */
export async function runGateway(gateway: Gateway, dev: Dev, atEdge: boolean): Promise<void> {
  const { address, grpcAddress, caFile } = dev;
  const apiKey = await dev.callerKey('gateway', [Permission.VALIDATE]);
  const edge = atEdge
    ? await startEdgeProcess({
        ...{ address, caFile },
        apiKey: await dev.callerKey('edge', [Permission.VALIDATE, Permission.WATCH]),
      })
    : undefined;
  const certificate = await clientCertificate(dev.dir, 'gateway');
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
  untilSignal(async () => {
    await running.stop();
    await edge?.stop();
    await service.close();
  });
}
