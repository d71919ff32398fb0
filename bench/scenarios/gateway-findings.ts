import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Gateway } from '../../examples/run/gateway.ts';
import type { Contender } from '../contenders/contender.ts';
import { type HelperServer, startHelper } from '../contenders/helper-server.ts';
import { httpContender, requestFile, type Served } from '../contenders/http-contender.ts';
import { type Asked, portOf } from '../contenders/proxy.ts';
import type { Lab } from '../lab/lab.ts';
import type { Session } from '../lab/population.ts';
import { clientRequest } from '../load/gateway-calls.ts';
import { shuffled } from '../load/shuffled.ts';
import { expectStatus } from '../load/signum-calls.ts';
import { type Check, throughputRatio } from '../measure/check.ts';
import type { Figure } from '../measure/figure.ts';
import { measureRounds } from '../measure/rounds.ts';
import { roundsOptions } from '../measure/rounds-options.ts';
import type { Findings } from '../scenario.ts';

/** A proxy that lets requests through to one service. */
export interface Proxied {
  readonly name: string;
  readonly proxy: Served;
  /** Whether it refuses a token that is none. */
  readonly checks: boolean;
}

/** Proxies of one kind that differ in what they ask, and others to stand beside them. */
export interface GatewayContenders {
  /** Asks nothing. */
  readonly unchecked: Proxied;
  /** Asks a bare service that always says yes. */
  readonly bare: Proxied;
  readonly signum: Proxied;
  /** Asks `signum edge`. */
  readonly edge: Proxied;
  /** The bare service and `signum edge` at Unix sockets, where there is no TLS. */
  readonly bareAtSocket: Proxied;
  readonly edgeAtSocket: Proxied;
  readonly beside: readonly Proxied[];
}

/** Enough to keep a proxy and what it asks busy, of which each request waits for both. */
const CONNECTIONS = 32;

/**
 * Clients come again with the token that they have. So few that each has come before the first round begins:
 * with many more, what is measured of `signum edge` is how often a signature is verified (edge-first-sight).
 */
const TOKENS = 5_000;

const BY_SERVER = 'asking Signum / asking a bare service';
const BY_EDGE = 'asking signum edge / asking a bare service';
const AT_SOCKET = 'asking signum edge / asking a bare service, both at Unix sockets';

export function gatewayChecks(figures: GatewayFigures | undefined, absent?: string): Check[] {
  return [
    throughputRatio(BY_SERVER, 0.7, figures?.signum, figures?.bare, absent),
    throughputRatio(BY_EDGE, 0.9, figures?.edge, figures?.bare, absent),
    throughputRatio(AT_SOCKET, 0.9, figures?.edgeAtSocket, figures?.bareAtSocket, absent),
  ];
}

interface GatewayFigures {
  readonly signum: Figure | undefined;
  readonly edge: Figure | undefined;
  readonly bare: Figure | undefined;
  readonly edgeAtSocket: Figure | undefined;
  readonly bareAtSocket: Figure | undefined;
}

/** Why nothing can be measured here, if so. */
export function gatewayAbsent(lab: Lab, gateway: Gateway): string | undefined {
  if (gateway.executable() === undefined) return `it needs ${gateway.needs}`;
  if (!lab.options.tls) return 'the examples ask over TLS';
  return lab.missing.get('wrk');
}

/** A bare service that is asked as a `signum edge` at a Unix socket is: one of its helpers. */
export async function startBareAtSocket(
  lab: Lab,
  script: string,
  plan: Readonly<Record<string, unknown>>,
): Promise<Asked> {
  const socket = join(lab.dir, `${script}.sock`);
  const { pid } = await startHelper(lab, script, plan, { socket });
  // The workers of a gateway are of another user.
  chmodSync(lab.dir, 0o755);
  chmodSync(socket, 0o666);
  return { pid, publicPort: 0, grpcPort: 0, edgeSocket: socket, edgeGrpcSocket: socket };
}

/** The service behind the proxies, which is not what is measured: beside Redis and the load. */
export function startService(lab: Lab): Promise<HelperServer> {
  return startHelper(lab, 'bare-http-server.ts', {}, { cpus: lab.cpus.load, tls: false });
}

export async function askedSignum(lab: Lab): Promise<Asked> {
  const { pid, origin, grpcOrigin } = await lab.signum();
  return { pid, publicPort: portOf(origin), grpcPort: portOf(grpcOrigin) };
}

/** Puts the same requests through all of them: as many as they take, then one at a time. */
export async function gatewayFindings(lab: Lab, all: GatewayContenders): Promise<Findings> {
  const { unchecked, beside, ...named } = all;
  const proxied = [
    ...[unchecked, named.bare, named.signum, named.edge, named.bareAtSocket, named.edgeAtSocket],
    ...beside,
  ];
  const requests = shuffled(await lab.sessions(Math.min(TOKENS, lab.options.tokens))).map(
    clientRequest,
  );
  const rubbish = clientRequest({ accessToken: 'a.b.c' } as Session);
  for (const each of proxied) await requireRight(each, requests[0] as Buffer, rubbish);
  const file = requestFile(lab, `proxied-${all.signum.name}`, requests);
  const contenders = (connections: number): Contender[] =>
    proxied.map(({ name, proxy }) => httpContender(lab, name, proxy, file, { connections }));
  const figures = await measureRounds(contenders(CONNECTIONS), roundsOptions(lab));
  const single = await measureRounds(contenders(1), { ...roundsOptions(lab), warmUpSeconds: 0 });
  const [, bare, signum, edge, bareAtSocket, edgeAtSocket] = figures;
  return {
    figures,
    checks: gatewayChecks({ signum, edge, bare, edgeAtSocket, bareAtSocket }),
    notes: [
      'The proxy and what it asks share one CPU, and both count; the service, Redis and the load have the other.',
      `The clients come with ${requests.length} tokens in turn, each of which the edge has seen before.`,
      addedLatency(single),
    ],
  };
}

/** A proxy that lets everything pass, or nothing, would be fast. */
async function requireRight({ name, proxy, checks }: Proxied, good: Buffer, rubbish: Buffer) {
  try {
    await expectStatus(proxy.origin, good, 200);
    await expectStatus(proxy.origin, rubbish, checks ? 401 : 200);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}\n${proxy.output?.() ?? ''}`);
  }
}

function addedLatency([unchecked, ...others]: readonly Figure[]): string {
  const base = unchecked?.p50Us.median ?? 0;
  const added = others.map(({ name, p50Us }) => `${name} ${signed(p50Us.median - base)} µs`);
  return `One request at a time, the median is ${Math.round(base)} µs without a check; ${added.join(', ')}.`;
}

function signed(us: number): string {
  return `${us < 0 ? '' : '+'}${Math.round(us)}`;
}
