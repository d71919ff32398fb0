import { Authorization } from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { connectEdge } from '@signum/edge';
import { Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { createToSignumError } from '../../call/internal-error.ts';
import { createPipeline } from '../../call/pipeline.ts';
import type { EdgeConfig, ListenAt } from '../../config/config.ts';
import { authz } from '../../gateway/authz.ts';
import { AUTHZ, nameOf } from '../../policy/access-table.ts';
import { check } from '../../rpc/methods/check.ts';
import { createMethods } from '../../rpc/rpc.ts';
import { createCallMetrics } from '../../telemetry/call-metrics.ts';
import { createLog, type Log } from '../../telemetry/log.ts';
import { createBodyBudget } from '../../transport/body/budget.ts';
import { drain } from '../../transport/drain/drain.ts';
import { startGrpc } from '../../transport/grpc/grpc.ts';
import { createEndpoints } from '../../transport/http/endpoints.ts';
import { startPublic } from '../../transport/http/public.ts';
import type { ListenOptions } from '../../transport/listener.ts';
import { type Readiness, startOps } from '../../transport/ops.ts';
import type { ClientCertificates } from '../../transport/tls/options.ts';
import { listenAsSet } from '../listen/listen-as-set.ts';
import { openTls } from '../parts/open-tls.ts';
import { startParts, type Undo } from '../parts/start-parts.ts';
import { createGatewayAdmission } from './admit-gateways.ts';
import { describeEdge, type EdgeAddresses } from './describe-edge.ts';
import { readEdgeCredentials } from './edge-credentials.ts';
import { publishEdgeMetrics } from './edge-metrics.ts';
import { createEdgeVerdicts } from './edge-verdicts.ts';
import { createStalenessTold } from './staleness.ts';

/** A `signum edge` that runs. */
export interface EdgeProcess {
  readonly addresses: EdgeAddresses;
  /** What runs where, who may ask, and whom it follows: a line each, for a person. */
  describe(): string[];
  /** Shows and asks for what is configured now, and looks at the certificates: what SIGHUP is for. */
  reload(config: EdgeConfig): Promise<void>;
  /** Drains, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/** Until when a server is waited for before the doors open all the same, in milliseconds. */
const WAIT_MS = 10_000;
/** Beyond what a server may take to answer, for what the edge does itself. */
const MARGIN_MS = 1_000;

/**
 * Puts `signum edge` together and starts it: the doors of gateways, over the same pipeline as the server's,
 * answered by an edge verifier. Rejects, with nothing left running, if any part cannot start.
 */
export function startEdge(config: EdgeConfig): Promise<EdgeProcess> {
  return startParts((undo, close) => compose(config, undo, close));
}

async function compose(
  config: EdgeConfig,
  undo: Undo,
  close: () => Promise<void>,
): Promise<EdgeProcess> {
  const log = createLog({ level: config.logs.level });
  const registry = new Registry();
  const methods = [AUTHZ, nameOf(Authorization.method.check)];
  const telemetry = createCallMetrics({ registry, methods });
  const tls = config.tls.certFile ? await openTls(edgeTls(config), log) : 'plaintext';
  if (tls !== 'plaintext') {
    undo.push(() => tls.close());
    telemetry.watchExpiry('server', () => tls.expiry().serverMs);
    telemetry.watchExpiry('client_authorities', () => tls.expiry().clientAuthoritiesMs);
  }
  const edge = await connectEdge({
    ...{ address: config.edge.servers, credentials: readEdgeCredentials(config) },
    ...{ tenantIds: config.edge.tenants, maxTokens: config.edge.maxTokens, waitMs: WAIT_MS },
    askTimeoutMs: config.edge.askTimeoutMs,
    proofReplay: config.edge.proofReplay,
    proofLifetimeMs: config.proofs.lifetimeMs,
    onStale: config.edge.onStale,
    ...(config.edge.onStale === 'ACCEPT' && { staleForMs: config.edge.staleForMs }),
    onError: createTroubleLog(log),
  });
  undo.push(() => edge.close());
  publishEdgeMetrics(registry, edge);

  const byCertificate = config.tls.clientCaFile !== undefined;
  const admission = createGatewayAdmission({ keys: config.edge.gatewayKeys, byCertificate });
  let draining = false;
  const timeoutMs = config.edge.askTimeoutMs + MARGIN_MS;
  const pipeline = createPipeline({
    authenticate: admission.authenticate,
    toSignumError: createToSignumError(log),
    observe: telemetry.observe,
    newRequestId: uuidv7,
    limits: {
      maxInflight: config.limits.maxInflight,
      defaultTimeoutMs: timeoutMs,
      maxTimeoutMs: timeoutMs,
    },
  });
  telemetry.watchInFlight(() => pipeline.callsInFlight());
  const tokens = createEdgeVerdicts(edge, telemetry.verdict);
  const told = createStalenessTold(edge, () => performance.now());
  const { cookie } = config.gateways;
  const rules = [check({ tokens, cookie, told })];
  const rpc = createMethods({ pipeline, services: [Authorization], rules });

  // What goes over a Unix socket goes nowhere else.
  const over = ({ path }: ListenAt) =>
    path === undefined && tls !== 'plaintext'
      ? { tls, clientCertificates: clientCertificatesOf(config) }
      : { tls: 'plaintext' as const };
  const common = { rpc, budget: createBodyBudget() };
  const { http, grpc, operations } = config.edge;
  const httpListener = await listenAsSet('SIGNUM_EDGE_LISTEN', http, () =>
    startPublic({
      ...{ ...common, ...over(http), ...listenOptions(http, config), log, strictTransport: false },
      endpoints: createEndpoints(pipeline, authz({ tokens, ...config.gateways, told })),
    }),
  );
  undo.push(() => httpListener.close());
  const grpcListener = await listenAsSet('SIGNUM_EDGE_GRPC_LISTEN', grpc, () =>
    startGrpc({ ...common, ...over(grpc), ...listenOptions(grpc, config) }),
  );
  undo.push(() => grpcListener.close());
  const readiness = (): Readiness => {
    const failed = [
      ...(draining ? ['draining'] : []),
      ...(Number.isFinite(edge.staleness()) ? [] : ['edge: the lease is over']),
    ];
    return { ready: failed.length === 0, failed };
  };
  const metrics = { text: () => registry.metrics(), contentType: registry.contentType };
  const opsListener = await listenAsSet('SIGNUM_EDGE_OPS_LISTEN', operations, () =>
    startOps({ ...operations, readiness, metrics }),
  );
  undo.push(() => opsListener.close());
  // Whoever can ask is answered, by a server if need be: of a gateway's health check an outage is no part.
  grpcListener.setServing(true);
  undo.push(() =>
    drain({
      setNotReady() {
        draining = true;
        grpcListener.setServing(false);
      },
      refuseCalls: pipeline.refuseCalls,
      listeners: [httpListener, grpcListener],
      watchers: [],
      noticeMs: config.limits.drainNoticeMs,
      timeoutMs: config.limits.drainTimeoutMs,
      log,
    }),
  );

  const addresses = {
    http: httpListener.address,
    grpc: grpcListener.address,
    operations: opsListener.address,
  };
  return {
    addresses,
    close,
    describe: () => describeEdge(config, addresses, edge),
    async reload(next) {
      if (config.edge.gatewayKeys.length > 0 && next.edge.gatewayKeys.length === 0) {
        log.warn({ setting: 'SIGNUM_EDGE_GATEWAY_KEY' }, 'holds no key any more, kept the old');
      } else {
        admission.useKeys(next.edge.gatewayKeys);
      }
      edge.useCredentials(readEdgeCredentials(next));
      if (tls !== 'plaintext') await tls.reload();
    },
  };
}

function edgeTls({ tls }: EdgeConfig) {
  return { ...tls, insecurePlaintext: false };
}

/** Who may ask by a certificate alone must show one; with keys as well, one of both. */
function clientCertificatesOf({ tls, edge }: EdgeConfig): ClientCertificates {
  if (tls.clientCaFile === undefined) return 'off';
  return edge.gatewayKeys.length > 0 ? 'optional' : 'required';
}

function listenOptions({ host, port, path }: ListenAt, { edge }: EdgeConfig): ListenOptions {
  return { host, port, socket: path === undefined ? undefined : { path, mode: edge.socketMode } };
}

/** Tells what went wrong when it is another thing than before: it is tried again every few seconds. */
function createTroubleLog(log: Log): (error: unknown) => void {
  let last = '';
  return (error) => {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== last) log.warn({ problem }, 'Signum cannot be asked or followed');
    last = problem;
  };
}
