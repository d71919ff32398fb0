import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, type ConnectError } from '@connectrpc/connect';
import { Permission } from '@signum/contract/signum/v1/caller_service_pb.js';
import type {
  BatchValidateResult,
  ValidateStreamResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import {
  type ValidateRequestSchema,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAnother } from '../requirements/another-server.ts';
import { CallerService, startTestServer, type TestServer, TokenService } from '../setup/server.ts';
import { until } from '../setup/until.ts';
import { reasonOf } from './failure.ts';
import { issued, newDevice, type Tokens } from './issued.ts';
import { clientsOf, type Protocol } from './protocols.ts';
import { type Batch, createTap, last, rest } from './tap.ts';

const STREAMING: readonly Protocol[] = [
  'Connect binary on HTTP/2',
  'Connect JSON on HTTP/2',
  'gRPC on the public listener',
  'gRPC on the gRPC listener',
];

/** Batches: those that the stream may hold, and what fits into the buffers of the connection. */
const READ_AHEAD = 64;

let server: TestServer;
let admin: Tokens;
let good: string;

beforeAll(async () => {
  server = await startTestServer({ SIGNUM_CALLER_REFRESH: '200ms' });
  admin = server.client(TokenService);
  good = (await issued(admin, newDevice())).accessToken;
});

afterAll(() => server.close());

const batch = (...tokens: readonly string[]): Batch => ({
  items: tokens.map((value) => ({ subject: { case: 'token', value } })),
});

const verdictOf = ({ result }: BatchValidateResult) =>
  result.case === 'response' ? Verdict[result.value.verdict] : result.value?.code;

const verdicts = ({ results }: ValidateStreamResponse) => results.map(verdictOf);

describe.each(STREAMING)('over %s', (protocol) => {
  const tokens = () => clientsOf(server, protocol).tokens;

  test('answers come in the order of the requests, and half-closing ends the stream', async () => {
    const { accessToken } = await issued(admin, newDevice());
    const sent = Array.from({ length: 40 }, (_, i) =>
      i % 3 === 0
        ? batch(accessToken)
        : batch(...Array.from({ length: i }, () => 'nonsense'), good),
    );
    const answers = await rest(tokens().validateStream(all(sent)));
    expect(answers.map(({ results }) => results.length)).toEqual(
      sent.map(({ items }) => items?.length),
    );
    expect(answers.flatMap(verdicts).filter((verdict) => verdict === 'ACTIVE')).toHaveLength(40);
  });

  test('an item’s fault is that item’s error', async () => {
    const tap = createTap();
    const answers = tokens().validateStream(tap.messages)[Symbol.asyncIterator]();
    tap.send({ items: [{}, { subject: { case: 'token', value: good } }, { minRevision: 1n }] });
    const { value } = await answers.next();
    expect(verdicts(value)).toEqual([Code.InvalidArgument, 'ACTIVE', Code.InvalidArgument]);
    tap.end();
    expect((await answers.next()).done).toBe(true);
  });

  test('an item says what Validate says of it', async () => {
    const device = newDevice();
    const { accessToken, tokenId } = await issued(admin, device, { scopes: ['read'] });
    const { accessToken: old } = await issued(admin, newDevice());
    await admin.revoke({ subject: { case: 'token', value: old } });
    const items: MessageInitShape<typeof ValidateRequestSchema>[] = [
      { subject: { case: 'token', value: accessToken } },
      { subject: { case: 'ids', value: { ...device, tokenId } } },
      { subject: { case: 'ids', value: { ...newDevice(), tokenId } } },
      { subject: { case: 'token', value: old } },
      { subject: { case: 'token', value: accessToken }, requiredScopes: ['write'] },
      { subject: { case: 'token', value: `${accessToken}x` } },
    ];
    const [answer] = await rest(tokens().validateStream(all([{ items }])));
    const alone = await Promise.all(items.map((item) => admin.validate(item)));
    expect(answer?.results.map(({ result }) => result.value)).toEqual(alone);
  });

  test('a message that breaks the rules ends the stream, behind the answers before it', async () => {
    const tap = createTap();
    const answers = tokens().validateStream(tap.messages)[Symbol.asyncIterator]();
    tap.send(batch(good));
    tap.send({ items: [] });
    expect(verdicts((await answers.next()).value)).toEqual(['ACTIVE']);
    expect(await reasonOf(answers.next())).toBe('INVALID_FIELD');
  });

  test('nobody opens a stream without a credential', async () => {
    const { tokens } = clientsOf(server, protocol, null);
    expect(await reasonOf(last(tokens.validateStream(createTap().messages)))).toBe(
      'CREDENTIAL_MISSING',
    );
  });

  test('a caller that may not validate is refused before it has sent anything', async () => {
    const key = await callerKey([Permission.ISSUE]);
    const { tokens } = clientsOf(server, protocol, key.apiKey);
    expect(await reasonOf(last(tokens.validateStream(createTap().messages)))).toBe(
      'PERMISSION_DENIED',
    );
  });

  test('items of other tenants are refused one by one', async () => {
    const { apiKey } = await callerKey([Permission.VALIDATE]);
    const other = await issued(admin, newDevice({ tenantId: 'umbrella' }));
    const { tokens } = clientsOf(server, protocol, apiKey);
    const [answer] = await rest(tokens.validateStream(all([batch(good, other.accessToken)])));
    expect(answer && verdicts(answer)).toEqual(['ACTIVE', Code.PermissionDenied]);
  });

  test('a caller that is disabled loses its open stream', async () => {
    const { apiKey, name } = await callerKey([Permission.VALIDATE]);
    const tap = createTap();
    const { tokens } = clientsOf(server, protocol, apiKey);
    const answers = tokens.validateStream(tap.messages)[Symbol.asyncIterator]();
    tap.send(batch(good));
    expect(verdicts((await answers.next()).value)).toEqual(['ACTIVE']);
    await server.client(CallerService).setCallerDisabled({ name, disabled: true });
    expect(await reasonOf(answers.next())).toBe('CREDENTIAL_INVALID');
  });

  test('a client that does not read is not read from for long', async () => {
    const controller = new AbortController();
    const before = await validations();
    const tap = createTap(() => batch(...Array.from({ length: 256 }, () => good)));
    const { signal } = controller;
    const answers = tokens().validateStream(tap.messages, { signal })[Symbol.asyncIterator]();
    await answers.next();
    const batches = async () => ((await validations()) - before) / 256;
    let seen = 0;
    let looks = 0;
    // Still for ten looks in a row.
    await until('the server stops reading', async () => {
      const now = await batches();
      looks = now === seen ? looks + 1 : 0;
      seen = now;
      return looks === 10;
    });
    expect(seen).toBeLessThanOrEqual(READ_AHEAD);
    // It has not been dropped: what was answered can still be read.
    for (let i = 0; i < seen - 1; i += 1) expect((await answers.next()).done).toBe(false);
    controller.abort();
    await answers.next().catch(() => {});
  });
});

describe.each(STREAMING)('when the server goes away, over %s', (protocol) => {
  test('a stream ends with DRAINING, behind the answers to what was begun', async () => {
    // Of the same deployment: one of its own would begin by emptying the database that others use.
    const leaving = await startAnother(server);
    const { tokens } = clientsOf(leaving, protocol);
    const { accessToken } = await issued(leaving.client(TokenService), newDevice());
    const tap = createTap();
    const answers = tokens.validateStream(tap.messages)[Symbol.asyncIterator]();
    tap.send(batch(accessToken));
    expect(verdicts((await answers.next()).value)).toEqual(['ACTIVE']);
    const closed = leaving.server.close();
    expect(await reasonOf(answers.next())).toBe('DRAINING');
    await closed;
    await leaving.close();
  });
});

test('HTTP/1.1 cannot stream both ways and says so', async () => {
  const { tokens } = clientsOf(server, 'Connect binary on HTTP/1.1');
  const error: ConnectError = await last(tokens.validateStream(all([batch(good)]))).catch((e) => e);
  expect(Code[error.code]).toBeTypeOf('string');
});

async function* all(batches: readonly Batch[]): AsyncIterable<Batch> {
  yield* batches;
}

async function callerKey(permissions: Permission[]) {
  const name = newDevice().deviceId;
  const callers = server.client(CallerService);
  const { apiKey } = await callers.createCaller({ name, permissions, tenants: ['acme'] });
  return { name, apiKey };
}

/** Verdicts given by this server so far. */
async function validations(): Promise<number> {
  const text = await (await fetch(`${server.opsAddress}/metrics`)).text();
  const counts = [...text.matchAll(/^signum_verdicts_total\{[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
