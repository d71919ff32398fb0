import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ENVOY_GRPC, ENVOY_JWT_AUTHN } from '../../examples/run/gateway.ts';
import { startHelper } from '../contenders/helper-server.ts';
import { type Asked, type ProxyOptions, portOf, startProxy } from '../contenders/proxy.ts';
import { startEdge } from '../lab/edge.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { allowedBytes, CHECK_PATH } from '../load/gateway-calls.ts';
import type { Findings, Scenario } from '../scenario.ts';
import {
  askedSignum,
  gatewayAbsent,
  gatewayChecks,
  gatewayFindings,
  startBareAtSocket,
  startService,
} from './gateway-findings.ts';

export const gatewayEnvoy: Scenario = {
  name: 'gateway-envoy',
  title:
    'Requests through Envoy, which asks about each by ext_authz over gRPC (examples/envoy-grpc)',
  async run(lab: Lab): Promise<Findings> {
    const absent = gatewayAbsent(lab, ENVOY_GRPC);
    if (absent) return { figures: [], checks: gatewayChecks(undefined, absent) };
    const service = await startService(lab);
    const asked = await askedSignum(lab);
    const [session] = (await lab.sessions(1)) as [Session];
    const answerFile = join(lab.dir, 'check-answer');
    writeFileSync(answerFile, allowedBytes(session));
    const yes = { answerFile, path: CHECK_PATH };
    const bare = await startHelper(lab, 'empty-grpc-server.ts', yes);
    const askedBare = { pid: bare.pid, publicPort: 0, grpcPort: portOf(bare.origin) };
    const start = (
      what: Asked,
      gateway = ENVOY_GRPC,
      edit: ProxyOptions['edit'] = (text) => text,
    ) =>
      startProxy(lab, {
        ...{ gateway, file: 'envoy.yaml', asked: what, service },
        edit: (text) => edit(patient(text)),
      });
    return gatewayFindings(lab, {
      unchecked: {
        name: 'Envoy, no check',
        proxy: await start(asked, ENVOY_GRPC, unchecked),
        checks: false,
      },
      bare: { name: 'Envoy, asking bare grpc-js', proxy: await start(askedBare), checks: false },
      signum: { name: 'Envoy, asking Signum', proxy: await start(asked), checks: true },
      edge: {
        name: 'Envoy, asking signum edge',
        proxy: await start(await startEdge(lab, 'tls')),
        checks: true,
      },
      bareAtSocket: {
        name: 'Envoy, asking bare grpc-js at a Unix socket',
        proxy: await start(await startBareAtSocket(lab, 'empty-grpc-server.ts', yes)),
        checks: false,
      },
      edgeAtSocket: {
        name: 'Envoy, asking signum edge at a Unix socket',
        proxy: await start(await startEdge(lab, 'unix')),
        checks: true,
      },
      beside: [
        {
          name: 'Envoy, jwt_authn (no revocation)',
          proxy: await start(asked, ENVOY_JWT_AUTHN),
          checks: true,
        },
      ],
    });
  },
};

/** It waits where the machine is busy with other things. */
function patient(text: string): string {
  return text.replaceAll('timeout: 1s', 'timeout: 30s');
}

/** The same without the filter that asks. */
function unchecked(text: string): string {
  const without = (key: unknown, value: unknown) => {
    if (key === 'typed_per_filter_config') return undefined;
    if (key !== 'http_filters') return value;
    const filters = value as readonly { readonly name: string }[];
    return filters.filter(({ name }) => name !== 'envoy.filters.http.ext_authz');
  };
  return stringify(parse(text, without));
}
