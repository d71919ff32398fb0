import { duration } from '../kinds/duration.ts';
import { fileMode } from '../kinds/file-mode.ts';
import { hostPort } from '../kinds/host-port.ts';
import { integer } from '../kinds/integer.ts';
import { LINES_OR_COMMAS, list } from '../kinds/list.ts';
import { listenAt } from '../kinds/listen-at.ts';
import { oneOf } from '../kinds/one-of.ts';
import { secret } from '../kinds/secret.ts';
import { tenantId } from '../kinds/text.ts';
import { serviceAddress } from '../kinds/url.ts';
import { defaulted } from '../setting.ts';

const gatewayKey = secret({
  pattern: /^[A-Za-z0-9._~+/=-]{32,256}$/,
  allowed: '32 to 256 letters, digits and ._~+/=-, such as `openssl rand -hex 32` makes',
});

/** What `signum edge` listens at, whom it answers, and how it answers. */
export const edge = {
  title: 'signum edge',
  settings: {
    servers: defaulted({
      env: 'SIGNUM_EDGE_SERVERS',
      kind: list(serviceAddress),
      default: {
        text: ({ textOf }) => textOf('SIGNUM_ADDRESS'),
        says: 'SIGNUM_ADDRESS',
      },
      doc: 'The servers to follow, by https: the next is tried when one cannot be reached.',
    }),
    http: defaulted({
      env: 'SIGNUM_EDGE_LISTEN',
      kind: listenAt,
      default: '127.0.0.1:8444',
      doc: 'Listener for `/authz` over HTTP. Without a certificate a loopback address or a Unix socket.',
    }),
    grpc: defaulted({
      env: 'SIGNUM_EDGE_GRPC_LISTEN',
      kind: listenAt,
      default: '127.0.0.1:9444',
      doc: 'Listener for Envoy’s `Check` over gRPC. Without a certificate a loopback address or a Unix socket.',
    }),
    operations: defaulted({
      env: 'SIGNUM_EDGE_OPS_LISTEN',
      kind: hostPort,
      default: '127.0.0.1:9465',
      doc: 'Listener for `/livez`, `/readyz` and `/metrics`: plain HTTP without authentication, so keep it private.',
    }),
    socketMode: defaulted({
      env: 'SIGNUM_EDGE_SOCKET_MODE',
      kind: fileMode,
      default: '0660',
      doc: 'Permissions of Unix sockets: who may connect may ask. The group is that of the process.',
    }),
    gatewayKeys: defaulted({
      env: 'SIGNUM_EDGE_GATEWAY_KEY',
      kind: list(gatewayKey, {
        max: 8,
        separator: LINES_OR_COMMAS,
        allowed: `at most 8, comma separated or one per line; each ${gatewayKey.allowed}`,
      }),
      default: '',
      doc: 'Keys of which a gateway must show one in `x-signum-key`. Without, everybody may ask who can reach the listeners. Read again on SIGHUP.',
    }),
    tenants: defaulted({
      env: 'SIGNUM_EDGE_TENANTS',
      kind: list(tenantId),
      default: '',
      doc: 'Tenants to answer for from memory; all that the caller may see when empty. Of others the server is asked.',
    }),
    maxTokens: defaulted({
      env: 'SIGNUM_EDGE_MAX_TOKENS',
      kind: integer({ min: 1, max: 16_777_216 }),
      default: '131072',
      doc: 'Tokens that are remembered, of about 900 bytes each.',
    }),
    askTimeoutMs: defaulted({
      env: 'SIGNUM_EDGE_ASK_TIMEOUT',
      kind: duration({ min: '10ms', max: '60s' }),
      default: '1s',
      doc: 'How long a server may take to answer what the edge cannot.',
    }),
    proofReplay: defaulted({
      env: 'SIGNUM_EDGE_PROOF_REPLAY',
      kind: oneOf({ server: 'SERVER', edge: 'EDGE' } as const),
      default: 'server',
      doc: 'Who sees to it that a DPoP proof is used once. `server`: it is asked for each. `edge`: this process remembers; at another one a proof is good again until it is too old. Not with SIGNUM_DPOP_NONCE.',
    }),
    onStale: defaulted({
      env: 'SIGNUM_EDGE_ON_STALE',
      kind: oneOf({ deny: 'DENY', accept: 'ACCEPT' } as const),
      default: 'deny',
      doc: 'What to say when the lease is over and no server answers. `deny`: 503. `accept`: what was known last, for SIGNUM_EDGE_STALE_FOR; a token that has ended meanwhile is accepted for so long, and a fenced revocation does not wait for it.',
    }),
    staleForMs: defaulted({
      env: 'SIGNUM_EDGE_STALE_FOR',
      kind: duration({ min: '1s', max: '24h', orZero: true }),
      default: '0',
      doc: 'With SIGNUM_EDGE_ON_STALE=accept: for how long after the end of the lease.',
    }),
  },
} as const;
