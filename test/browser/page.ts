// Runs in the browser: what a web application does with Signum.
import { createRegistry } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import {
  ErrorInfoSchema,
  file_google_rpc_error_details,
  RetryInfoSchema,
} from '@signum/contract/google/rpc/error_details_pb.js';
import { RevocationReason } from '@signum/contract/signum/v1/token_pb.js';
import { TokenService, Verdict } from '@signum/contract/signum/v1/token_service_pb.js';

export interface Visit {
  readonly protocol: 'Connect' | 'gRPC-web';
  /** `https://…` of the public listener. */
  readonly address: string;
  readonly apiKey: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface Findings {
  readonly validated: string;
  readonly refreshed: boolean;
  readonly revoked: number;
  readonly validatedAfter: string;
  /** Of a call without a credential, of one with a bad message, and of one to be sent again. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly code: string;
  readonly reason?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly hasRetryInfo: boolean;
}

export async function visit(visit: Visit): Promise<Findings> {
  const service = clientOf(visit, visit.apiKey);
  const app = clientOf(visit, null);
  const subject = { case: 'token', value: visit.accessToken } as const;
  const validated = await service.validate({ subject });
  const { tokens } = await app.refresh({ refreshToken: visit.refreshToken });
  const next = { case: 'token', value: tokens?.accessToken ?? '' } as const;
  const refreshed = (await service.validate({ subject: next })).active;
  const failures = [
    await failureOf(app.validate({ subject: next })),
    await failureOf(service.issue({})),
    await failureOf(service.validate({ subject: next, minRevision: 1n << 40n })),
  ];
  const revoked = await app.revoke({ subject: next });
  const after = await service.validate({ subject: next });
  return {
    validated: Verdict[validated.verdict],
    refreshed,
    revoked: revoked.revokedCount,
    validatedAfter: Verdict[after.verdict],
    failures,
  };
}

/** What a page is told that watches its session: whether it has ended, and why, at each message. */
export interface Told {
  readonly ended: boolean;
  readonly reason: string;
}

/** Watches a session until it ends. The page keeps what it has been told so far, for the test to see. */
export async function watchSession(visit: Visit): Promise<readonly Told[]> {
  const told: Told[] = [];
  (globalThis as { told?: readonly Told[] }).told = told;
  const app = clientOf(visit, null);
  for await (const { ended, reason } of app.watchSession({ refreshToken: visit.refreshToken })) {
    told.push({ ended, reason: RevocationReason[reason] });
  }
  return told;
}

/** Whether the page can read the public keys, which any page may. */
export async function readKeys(address: string): Promise<number> {
  const answer = await fetch(`${address}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: unknown[] }).keys.length;
}

function clientOf({ protocol, address }: Visit, credential: string | null) {
  const bearer: Interceptor = (next) => (request) => {
    if (credential !== null) request.header.set('authorization', `Bearer ${credential}`);
    return next(request);
  };
  const createTransport = protocol === 'Connect' ? createConnectTransport : createGrpcWebTransport;
  return createClient(
    TokenService,
    createTransport({
      baseUrl: address,
      interceptors: [bearer],
      jsonOptions: { registry: createRegistry(file_google_rpc_error_details) },
    }),
  );
}

export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [info] = error.findDetails(ErrorInfoSchema);
    const hasRetryInfo = error.findDetails(RetryInfoSchema).length === 1;
    const { reason, metadata } = info ?? {};
    return { code: Code[error.code], reason, metadata, hasRetryInfo };
  }
  throw new Error('the call succeeded');
}
