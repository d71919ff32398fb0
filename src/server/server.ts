import cluster from 'node:cluster';
import { Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { createToSignumError } from '../call/internal-error.ts';
import { createPipeline } from '../call/pipeline.ts';
import { createCallerAdministration } from '../callers/administer.ts';
import type { Config } from '../config/config.ts';
import { RootSecrets } from '../domain/root-secret.ts';
import { authz } from '../gateway/authz.ts';
import { jwks } from '../oauth/jwks.ts';
import { publicSchemeOf } from '../oauth/metadata.ts';
import { oauth } from '../oauth/oauth.ts';
import { createRevocations } from '../revocations/revocations.ts';
import { createRpc } from '../rpc/rpc.ts';
import { openStore } from '../store/store.ts';
import { startSweeper } from '../tokens/sweeper.ts';
import { createBodyBudget } from '../transport/body/budget.ts';
import { drain } from '../transport/drain/drain.ts';
import { startGrpc } from '../transport/grpc/grpc.ts';
import { createEndpoints } from '../transport/http/endpoints.ts';
import { startPublic } from '../transport/http/public.ts';
import { clientIpOf } from '../transport/proxy/forwarded-for.ts';
import { createTrustedProxies } from '../transport/proxy/trusted-proxies.ts';
import { describeAddresses, type ServerAddresses } from './listen/addresses.ts';
import { listenAsSet } from './listen/listen-as-set.ts';
import { startOperations } from './listen/start-operations.ts';
import { openCallers } from './parts/open-callers.ts';
import { openSigning } from './parts/open-signing.ts';
import { openTls } from './parts/open-tls.ts';
import { openTokens } from './parts/open-tokens.ts';
import { startParts, type Undo } from './parts/start-parts.ts';
import { storeSettings } from './parts/store-settings.ts';
import { createConnectionLog } from './reports/connection-log.ts';
import { openTelemetry } from './reports/open-telemetry.ts';
import { watchReadiness } from './reports/readiness.ts';
import { auditedKeys } from './reports/report.ts';
import { tellPrimary, whenToldToReload } from './workers/worker-message.ts';
import { startWorkers } from './workers/workers.ts';

/** Revocations that may wait for the edges at once. */
const MOST_FENCES = 256;

export interface Server {
  readonly addresses: ServerAddresses;
  /** What runs where, a line each, for a person. */
  describe(): string[];
  /** Looks at the certificate files and opens the audit file anew: what SIGHUP is for. */
  reload(): Promise<void>;
  /** Drains, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Puts the service together and starts it: the only place that knows all of its parts. Rejects, with
 * nothing left running, if any part cannot start.
 */
export function startServer(config: Config): Promise<Server> {
  return startParts((undo, close) => compose(config, undo, close));
}

/** The same in as many worker processes as configured. The command must be one that calls this. */
export async function startServers(config: Config): Promise<Server> {
  if (config.listen.workers === 1) return startServer(config);
  if (cluster.isWorker) {
    const server = await startServer(config);
    whenToldToReload(() => server.reload());
    return server;
  }
  const workers = await startWorkers(config);
  return { ...workers, describe: () => describeAddresses(workers.addresses, config.tls) };
}

async function compose(config: Config, undo: Undo, close: () => Promise<void>): Promise<Server> {
  const registry = new Registry();
  const { log, telemetry, audit, report } = await openTelemetry(config, registry, undo);
  const secrets = new RootSecrets(config.keys.rootSecrets.map((secret) => secret.reveal()));

  const store = await openStore(storeSettings(config, createConnectionLog({ log })));
  undo.push(() => store.close());
  if (store.issuer.isAdopted) {
    log.warn(
      { setting: 'SIGNUM_ISSUER' },
      'the sessions there are say nothing of who issued them, and are taken for those of this issuer; if it was another one until now, see docs/guide/upgrade.md',
    );
  }
  const { signing, ring, close: stopRing } = await openSigning(config, store.keys, secrets, log);
  undo.push(stopRing);
  telemetry.watchAge('signing_key', () => {
    const signing = ring.list().find(({ state }) => state === 'signing');
    return signing && Date.now() - signing.activatesAtMs;
  });
  telemetry.watchAge('key_ring_read', () => Date.now() - ring.lastLoadedAtMs);

  const revocations = createRevocations({
    store,
    terms: { leaseMs: config.edges.leaseMs, deposedMs: config.edges.failoverWindowMs },
    newId: uuidv7,
    jwks: () => ring.jwksJson(),
    timeoutMs: config.redis.commandTimeoutMs,
    mostWaiting: MOST_FENCES,
    onFault: (problem) => log.warn({ problem }, 'the feed cannot be heard'),
  });
  undo.push(() => revocations.close());
  const tokens = openTokens(config, {
    ...{ store, signing, secrets, fences: revocations.fences },
    onEvent: report.token,
    onVerdict: telemetry.verdict,
  });
  const callers = await openCallers(config, { store, secrets, tokens, log });
  undo.push(() => callers.registry.stop());
  telemetry.watchAge('callers_read', () => callers.registry.ageMs());

  const proxies = createTrustedProxies(config.listen.trustedProxies);
  const toSignumError = createToSignumError(log);
  const pipeline = createPipeline({
    authenticate: callers.authenticate,
    toSignumError,
    observe: telemetry.observe,
    onFailure: report.failure,
    clientIp: (head) => clientIpOf(head, proxies),
    // As the metadata tells clients, which make their proofs for it.
    publicScheme: publicSchemeOf(config.tokens),
    newRequestId: uuidv7,
    limits: {
      maxInflight: config.limits.maxInflight,
      defaultTimeoutMs: config.limits.deadlineDefaultMs,
      maxTimeoutMs: config.limits.deadlineMaxMs,
      recheckCallerMs: config.callers.refreshMs,
    },
  });
  telemetry.watchFeed(() => ({
    subscribers: revocations.watch.subscribers,
    edges: revocations.edges.count(),
    fences: revocations.fences.waiting,
  }));
  telemetry.watchInFlight(() => pipeline.callsInFlight());
  const rpc = createRpc({
    pipeline,
    toSignumError,
    onItemFailure: report.failure,
    tokens,
    signing,
    watch: revocations.watch,
    watchSession: revocations.watchSession,
    deployment: {
      partitions: config.redis.partitions,
      leaseMs: config.edges.leaseMs,
      issuer: config.tokens.issuer,
      audiences: config.tokens.audiences,
      clockSkewMs: config.sessions.clockSkewMs,
      failoverWindowMs: config.edges.failoverWindowMs,
    },
    cookie: config.gateways.cookie,
    fence: config.edges.fence,
    ring: auditedKeys(ring, report),
    callers: createCallerAdministration({
      records: store.callers,
      bounds: config.callers,
      registry: callers.registry,
      secrets,
      onEvent: report.caller,
    }),
    limits: {
      maxBytes: config.limits.maxMessageBytes,
      maxBatchBytes: config.limits.maxBatchMessageBytes,
    },
  });

  const tls = await openTls(config.tls, log);
  if (tls !== 'plaintext') {
    undo.push(() => tls.close());
    telemetry.watchExpiry('server', () => tls.expiry().serverMs);
    telemetry.watchExpiry('client_authorities', () => tls.expiry().clientAuthoritiesMs);
  }
  const common = { tls, rpc, proxies, budget: createBodyBudget() };
  const publicListener = await listenAsSet('SIGNUM_PUBLIC_LISTEN', config.listen.public, () =>
    startPublic({
      ...config.listen.public,
      ...common,
      clientCertificates: config.tls.clientAuth,
      endpoints: createEndpoints(pipeline, [
        jwks({ ring, publishMs: config.keys.publishMs }),
        ...authz({ tokens, ...config.gateways }),
        ...oauth({
          tokens,
          signing,
          issuer: config.tokens.issuer,
          publicUrl: config.tokens.publicUrl,
          maxBytes: config.limits.maxMessageBytes,
        }),
      ]),
      log,
      corsOrigins: config.limits.corsOrigins,
      corsHeaders: config.limits.corsHeaders,
      // A browser told so of `localhost` would want TLS of everything else that runs there.
      strictTransport: !/^https?:\/\/localhost\b/.test(config.tokens.issuer),
    }),
  );
  undo.push(() => publicListener.close());
  const grpcListener = await listenAsSet('SIGNUM_GRPC_LISTEN', config.listen.grpc, () =>
    startGrpc({
      ...config.listen.grpc,
      ...common,
      clientCertificates: config.tls.grpcClientAuth,
    }),
  );
  undo.push(() => grpcListener.close());
  const readiness = await watchReadiness({
    runner: store.runner,
    log,
    durability: config.durability,
    onChange(state) {
      grpcListener.setServing(state.ready);
      tellPrimary({ readiness: state });
    },
  });
  undo.push(() => readiness.stop());
  const opsListener = await startOperations(config.listen.operations, readiness.current, registry);
  undo.push(() => opsListener.close());

  const sweeper = startSweeper(store, {
    owner: uuidv7(),
    intervalMs: config.sessions.sweepIntervalMs,
    batch: config.sessions.sweepBatch,
    stepTimeoutMs: config.limits.deadlineMaxMs,
    onRound: ({ swept }) => telemetry.session('swept', swept),
  });
  undo.push(() => sweeper.stop());
  undo.push(() =>
    drain({
      setNotReady: readiness.setDraining,
      refuseCalls: pipeline.refuseCalls,
      listeners: [publicListener, grpcListener],
      watchers: [],
      noticeMs: config.limits.drainNoticeMs,
      timeoutMs: config.limits.drainTimeoutMs,
      log,
    }),
  );

  const addresses = {
    public: publicListener.address,
    grpc: grpcListener.address,
    operations: opsListener.address,
  };
  tellPrimary({ addresses });
  return {
    addresses,
    close,
    describe: () => describeAddresses(addresses, config.tls),
    async reload() {
      await audit.reopen().catch((error) => log.error({ err: error }, 'audit file not reopened'));
      if (tls !== 'plaintext') await tls.reload();
      // It is read again whenever a connection is made: this only says in time what will go wrong then.
      const fault = store.accessFault();
      if (fault !== undefined) log.warn({ fault }, 'Redis cannot be reached as it is set by now');
    },
  };
}
