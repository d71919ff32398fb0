import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { FeedService, type WatchPartSchema } from '@signum/contract/signum/v1/feed_service_pb.js';
import {
  type BatchValidateResultSchema,
  TokenService,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { createTestCertificates } from '../listeners/certificates.ts';

type Part = NonNullable<MessageInitShape<typeof WatchPartSchema>['part']>;

const ISSUER = 'https://signum.example';
export const AUDIENCE = 'api';
export const PARTITIONS = 4;
export const API_KEY = 'sgn_fake';

export interface FakeSignum {
  readonly address: string;
  readonly ca: Buffer;
  /** Signs a token; claims may be set. */
  token(
    claims?: Record<string, unknown>,
    by?: { readonly alg?: string; readonly kid?: string },
  ): string;
  /** Ends a token: tells the feed, and answers REVOKED from then on. */
  end(token: string): void;
  markTenant(tenantId: string, timeMs: number): void;
  /** Whether renewals are answered. */
  grants: boolean;
  /** Whether Validate answers. */
  answers: boolean;
  /** Cuts all connections. */
  cut(): void;
  /** Tokens that BatchValidate was asked for, and in how many calls. */
  readonly asked: string[];
  calls: number;
  /** Starts that have come: whether they had a cursor. */
  readonly starts: boolean[];
  readonly acknowledged: number[];
  close(): Promise<void>;
}

/** A server of the contract without a store: what a test tells it to tell. */
export async function startFakeSignum({ leaseMs = 2_000 } = {}): Promise<FakeSignum> {
  const certificates = await createTestCertificates();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' };
  const ended = new Set<string>();
  const streams = new Set<(part: Part) => void>();
  const sessions = new Set<ServerHttp2Session>();
  const revisions = new Array<number>(PARTITIONS).fill(1);

  function tellAll(
    partition: number,
    event: { ended?: string; tenantId?: string; timeMs?: number },
  ) {
    const revision = (revisions[partition] ?? 0) + 1;
    revisions[partition] = revision;
    const at = { partition, revision: BigInt(revision), entryId: `${revision}-0`, awaited: true };
    const claims = event.ended === undefined ? undefined : claimsOf(event.ended);
    const value = {
      events: [
        {
          ...at,
          event:
            claims === undefined
              ? {
                  case: 'watermark' as const,
                  value: {
                    scope: { case: 'tenantId' as const, value: event.tenantId ?? '' },
                    time: timestampFromMs(event.timeMs ?? 0),
                  },
                }
              : {
                  case: 'ended' as const,
                  value: {
                    tokenId: idBytes(claims['jti']),
                    expireTime: timestampFromMs(Number(claims['exp']) * 1_000),
                    reason: 1,
                  },
                },
        },
      ],
    };
    for (const tell of streams) tell({ case: 'events', value });
  }

  const handler = connectNodeAdapter({
    routes(router) {
      router.service(FeedService, {
        async *watch(requests, { requestHeader }) {
          authorize(requestHeader);
          let sequence = 0n;
          const queue: Part[] = [];
          let wake: (() => void) | undefined;
          const tell = (part: Part) => {
            queue.push(part);
            wake?.();
          };
          let isOver = false;
          void (async () => {
            for await (const { request } of requests) {
              if (request.case === 'start') {
                fake.starts.push(request.value.cursor !== undefined);
                tell({ case: 'welcome', value: welcome() });
                tell({ case: 'keys', value: { jwksJson: JSON.stringify({ keys: [jwk] }) } });
                const places = request.value.cursor?.partitions ?? [];
                for (let partition = 0; partition < PARTITIONS; partition += 1) {
                  if (places.some((place) => place.partition === partition)) continue;
                  tell({ case: 'snapshot', value: snapshotOf(partition) });
                }
                streams.add(tell);
              } else if (request.case === 'renew' && fake.grants) {
                const { renewal } = request.value;
                tell({
                  case: 'checkpoint',
                  value: { renewal, time: timestampFromMs(Date.now()), moved: places() },
                });
              } else if (request.case === 'ack') {
                fake.acknowledged.push(Number(request.value.applied));
              }
            }
          })()
            .catch(() => undefined)
            .finally(() => {
              isOver = true;
              wake?.();
            });
          try {
            while (!isOver) {
              const parts = queue.splice(0).map((part) => ({ part }));
              if (parts.length === 0)
                await new Promise<void>((resolve) => {
                  wake = resolve;
                });
              else {
                sequence += 1n;
                yield { sequence, parts };
              }
            }
          } finally {
            streams.delete(tell);
          }
        },
      });
      router.service(TokenService, {
        batchValidate({ items }, { requestHeader }) {
          authorize(requestHeader);
          fake.calls += 1;
          if (!fake.answers) throw new ConnectError('the store is away', Code.Unavailable);
          const results = items.map(
            ({ subject }): MessageInitShape<typeof BatchValidateResultSchema> => {
              const token = subject.case === 'token' ? subject.value : '';
              fake.asked.push(token);
              const { tid, sub, did, jti, sid, iat, exp } = claimsOf(token) as Readonly<
                Record<'tid' | 'sub' | 'did' | 'jti' | 'sid' | 'iat' | 'exp', string>
              >;
              const isGood = !ended.has(token) && Number(exp) * 1_000 > Date.now();
              const value = isGood
                ? {
                    ...{ active: true, verdict: Verdict.ACTIVE, sessionId: sid },
                    token: { tenantId: tid, userId: sub, deviceId: did, tokenId: jti },
                    issueTime: timestampFromMs(Number(iat) * 1_000),
                    expireTime: timestampFromMs(Number(exp) * 1_000),
                    scopes: ['read'],
                    audiences: [AUDIENCE],
                  }
                : { verdict: Verdict.REVOKED, revocationReason: 1 };
              return { result: { case: 'response' as const, value } };
            },
          );
          return { results };
        },
      });
    },
  });

  function snapshotOf(partition: number) {
    const tokens = [...ended].map(claimsOf).filter((claims) => partitionOf(claims) === partition);
    return {
      ...{ partition, first: true, last: true },
      ended: {
        tokenIds: Buffer.concat(tokens.map(({ jti }) => idBytes(jti))),
        expireSeconds: tokens.map(({ exp }) => Number(exp)),
        reasons: tokens.map(() => 1),
      },
    };
  }

  function places() {
    return revisions.map((revision, partition) => ({
      partition,
      revision: BigInt(revision),
      entryId: `${revision}-0`,
    }));
  }

  function welcome() {
    return {
      ...{ deploymentId: 'fake', partitions: PARTITIONS, issuer: ISSUER, audiences: [AUDIENCE] },
      lease: { seconds: BigInt(Math.floor(leaseMs / 1_000)), nanos: (leaseMs % 1_000) * 1e6 },
      clockSkew: { seconds: 1n },
    };
  }

  const server: Http2SecureServer = createSecureServer(
    {
      cert: readFileSync(certificates.files.certFile),
      key: readFileSync(certificates.files.keyFile),
    },
    handler,
  );
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));

  const fake: FakeSignum = {
    address: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: certificates.ca,
    token: (claims = {}, by = {}) => signToken(privateKey, claims, by),
    end(token) {
      ended.add(token);
      tellAll(partitionOf(claimsOf(token)), { ended: token });
    },
    markTenant(tenantId, timeMs) {
      for (let p = 0; p < PARTITIONS; p += 1) tellAll(p, { tenantId, timeMs });
    },
    grants: true,
    answers: true,
    cut() {
      for (const session of sessions) session.destroy();
    },
    asked: [],
    calls: 0,
    starts: [],
    acknowledged: [],
    async close() {
      fake.cut();
      await new Promise((resolve) => server.close(resolve));
      certificates.remove();
    },
  };
  return fake;
}

function authorize(headers: Headers): void {
  if (headers.get('authorization') === `Bearer ${API_KEY}`) return;
  throw new ConnectError('who are you?', Code.Unauthenticated);
}

function signToken(
  key: KeyObject,
  claims: Record<string, unknown>,
  { alg = 'ES256', kid = 'k1' }: { readonly alg?: string; readonly kid?: string },
): string {
  const nowS = Math.floor(Date.now() / 1_000);
  const {
    iss = ISSUER,
    aud = AUDIENCE,
    sub = 'ada',
    tid = 'acme',
    did = 'phone',
    ...more
  } = claims;
  const {
    sid = randomUUID(),
    jti = randomUUID(),
    iat = nowS - 60,
    exp = nowS + 600,
    ...rest
  } = more;
  const payload = { iss, aud, sub, tid, did, sid, jti, iat, exp, scope: 'read write', ...rest };
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const input = `${encode(`{"alg":"${alg}","typ":"at+jwt","kid":"${kid}"}`)}.${encode(JSON.stringify(payload))}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

function partitionOf({ tid, sub }: Record<string, unknown>): number {
  return crc32(`${tid}\0${sub}`) % PARTITIONS;
}

function idBytes(jti: unknown): Uint8Array {
  return Uint8Array.from(Buffer.from(String(jti).replaceAll('-', ''), 'hex'));
}
