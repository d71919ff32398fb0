import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import { clientCertificate } from '../../src/dev/certificates.ts';
import { findFreePort } from '../../src/dev/free-port.ts';
import { type Dev, fail, untilSignal } from './dev.ts';
import { startEchoService } from './echo-service.ts';
import { startEdgeProcess } from './edge.ts';
import type { Gateway } from './gateway.ts';
import { startGateway } from './start-gateway.ts';
import { whatToPaste } from './what-to-paste.ts';

/**
 * Puts a gateway with its example's configuration between you and a service that echoes, beside the Signum that
 * `npm start` runs, with a `signum edge` between the two if wanted.
 */
export async function runGateway(
  gateway: Gateway,
  dev: Dev,
  atEdge: boolean,
  port: number,
): Promise<void> {
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
  const stopOthers = async () => {
    await edge?.stop();
    await service.close();
  };
  const running = await startGateway(
    gateway,
    {
      port,
      servicePort: service.port,
      innerPort: await findFreePort(),
      publicPort: Number(new URL(address).port),
      grpcPort: Number(grpcAddress?.split(':').at(-1) ?? 9443),
      issuer: dev.issuer,
      audience: dev.audience,
      ...certificate,
      apiKey,
      ...(edge && { edgeSocket: edge.edgeSocket, edgeGrpcSocket: edge.edgeGrpcSocket }),
    },
    atEdge ? 'edge' : 'key',
  ).catch(async (error: Error) => {
    await stopOthers();
    fail(error.message);
  });
  for (const line of edge?.said ?? []) process.stdout.write(`  ${line}\n`);
  process.stdout.write(whatToPaste({ gateway, address, atEdge, port }));
  untilSignal(async () => {
    await running.stop();
    await stopOthers();
  });
}
