import { create, type DescMethod, type Message, toBinary, toJsonString } from '@bufbuild/protobuf';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { type IssueResponse, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVICES } from '../../src/rpc/rpc.ts';
import { startTestServer, type TestServer } from '../setup/server.ts';
import { arbitraryInit, ownOf } from './arbitrary-message.ts';
import { type Connections, openConnections } from './connections.ts';
import { type Door, doorsOf, enveloped, type Knock, knock } from './doors.ts';
import type { Encoding, Outcome, Reply } from './outcome.ts';
import { REFUSED_BINARY } from './refused-binary.ts';
import { REFUSED_JSON } from './refused-json.ts';

const SEED = 20_261_127;
/** Those of the contract: what Envoy has made is read leniently. */
const METHODS = SERVICES.filter(({ typeName }) => typeName.startsWith('signum.')).flatMap(
  ({ methods }) => methods as readonly DescMethod[],
);
const EACH_METHOD = METHODS.map((method) => [method.name, method] as const);
const { watch } = FeedService.method;
/** All but the one that goes on answering for as long as it is open. */
const EACH_ENDING_METHOD = EACH_METHOD.filter(([, method]) => method !== watch);
/** What may be longer than others. */
const LONG: readonly DescMethod[] = [
  ...[TokenService.method.batchValidate, TokenService.method.validateStream, watch],
];
const { issue, refresh, validate, batchValidate, revoke } = TokenService.method;
const { listSessions, getSession } = TokenService.method;
/** A URL holds no more. */
const LONGEST_GET_BYTES = 2_000;

let server: TestServer;
let connections: Connections;

beforeAll(async () => {
  server = await startTestServer();
  connections = openConnections(server);
});
afterAll(async () => {
  connections.close();
  await server.close();
});

/** What is sent through a door; undefined for what does not fit through it. */
type Fitting = (door: Door, at: number) => Pick<Knock, 'bytes' | 'body'> | undefined;

function send(
  method: DescMethod,
  door: Door,
  what: Pick<Knock, 'bytes' | 'body'>,
  credential = server.adminKey,
): Promise<Reply> {
  const headers: Record<string, string> =
    credential === '' ? {} : { authorization: `Bearer ${credential}` };
  return knock(connections, { method, door, headers, ...what });
}

/** Sends the same through every door that it fits through, and expects one outcome. */
async function oneOutcome(
  method: DescMethod,
  fitting: Fitting,
  credential?: string,
): Promise<Outcome> {
  const found: { readonly outcome: Outcome; readonly door: string }[] = [];
  for (const [at, door] of doorsOf(method).entries()) {
    const what = fitting(door, at);
    if (what === undefined) continue;
    if (door.protocol === 'connect-get' && what.bytes.byteLength > LONGEST_GET_BYTES) continue;
    const { outcome } = await send(method, door, what, credential);
    found.push({ outcome, door: door.name });
  }
  return theOne(found);
}

function theOne<O>(found: readonly { readonly outcome: O; readonly door: string }[]): O {
  const [first, ...rest] = found;
  if (first === undefined) throw new Error('there was no door');
  for (const { outcome, door } of rest) {
    expect(outcome, `${door}, compared with ${first.door}`).toEqual(first.outcome);
  }
  return first.outcome;
}

/** The message as the door has it written, about a user of the door's own. */
function written({ input }: DescMethod, message: Message): Fitting {
  return ({ encoding }, at) => {
    const own = ownOf(message, at);
    const text = () => Buffer.from(toJsonString(input, own));
    return { bytes: encoding === 'binary' ? toBinary(input, own) : text() };
  };
}

function only(encoding: Encoding, bytes: Uint8Array): Fitting {
  return (door) => (door.encoding === encoding ? { bytes } : undefined);
}

describe('every door gives one answer', () => {
  test.each(EACH_ENDING_METHOD)(
    'to well-formed requests of %s',
    async (_name, method) => {
      const inits = fc.sample(arbitraryInit(method.input), { numRuns: 8, seed: SEED });
      for (const init of inits) {
        await oneOutcome(method, written(method, create(method.input, init as never)));
      }
    },
    60_000,
  );

  test.each(EACH_ENDING_METHOD)(
    'to requests of %s, cut or changed',
    async (_name, method) => {
      const inits = fc.sample(
        fc.record({ init: arbitraryInit(method.input), at: fc.nat(), byte: fc.nat({ max: 255 }) }),
        { numRuns: 4, seed: SEED },
      );
      for (const { init, at, byte } of inits) {
        const message = create(method.input, init as never);
        for (const [encoding, bytes] of [
          ['binary', toBinary(method.input, message)],
          ['json', Buffer.from(toJsonString(method.input, message))],
        ] as const) {
          const cut = bytes.subarray(0, at % (bytes.length + 1));
          await oneOutcome(method, only(encoding, cut));
          const changed = Uint8Array.from(bytes, (was, i) =>
            i === at % bytes.length ? byte : was,
          );
          await oneOutcome(method, only(encoding, changed));
        }
      }
    },
    60_000,
  );

  test.each(EACH_METHOD)('to callers of %s that nobody knows', async (_name, method) => {
    const empty = written(method, create(method.input));
    await oneOutcome(method, empty, '');
    await oneOutcome(method, empty, 'sgn_no_key');
  });

  test.each(REFUSED_JSON)('to %s in JSON', async (_what, method, text, field, rule) => {
    expect(await oneOutcome(method, only('json', Buffer.from(text)))).toEqual(refused(field, rule));
  });

  test.each(REFUSED_BINARY)('to %s in protobuf', async (_what, method, bytes, field, rule) => {
    expect(await oneOutcome(method, only('binary', bytes))).toEqual(refused(field, rule));
  });

  test.each(EACH_METHOD)('to messages to %s that are too long', async (_name, method) => {
    const most = LONG.includes(method) ? 2_097_152 : 65_536;
    const bytes = Buffer.alloc(most + 1, ' ');
    const outcome = await oneOutcome(method, () => ({ bytes }));
    expect(outcome).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: `message: must be at most ${most} bytes`,
      reason: 'MESSAGE_TOO_LARGE',
      metadata: { max_bytes: `${most}` },
      details: ['ErrorInfo'],
    });
  });

  test.each<[string, (one: Uint8Array) => Uint8Array, string]>([
    ['no message', () => Buffer.alloc(0), 'is required'],
    [
      'two messages',
      (one) => Buffer.concat([enveloped(one), enveloped(one)]),
      'must be given once',
    ],
    ['a message cut short', (one) => enveloped(one).subarray(0, -1), 'must not be cut short'],
    ['half a length', (one) => enveloped(one).subarray(0, 3), 'must not be cut short'],
    [
      'a message that is said to be compressed',
      (one) => enveloped(one, 1),
      'must be sent uncompressed, in an envelope without flags',
    ],
    [
      'a message with a flag that is not known',
      (one) => enveloped(one, 4),
      'must be sent uncompressed, in an envelope without flags',
    ],
  ])('to %s in its envelope', async (_what, body, rule) => {
    const message = create(validate.input, { subject: { case: 'token', value: 'abc' } });
    const fits = written(validate, message);
    const outcome = await oneOutcome(validate, (door, at) => {
      const { bytes } = fits(door, at) ?? { bytes: Buffer.alloc(0) };
      return door.protocol.startsWith('grpc') ? { bytes, body: body(bytes) } : undefined;
    });
    expect(outcome).toEqual(refused('message', rule));
  });

  test('to a session’s whole life', async () => {
    const found: { outcome: readonly Outcome[]; door: string }[] = [];
    for (const [at, door] of doorsOf(issue).entries()) {
      found.push({ outcome: await wholeLife(door, at), door: door.name });
    }
    expect(theOne(found).map((each) => ('answer' in each ? 'OK' : each.reason))).toEqual([
      ...['OK', 'SESSION_EXISTS', 'OK', 'OK', 'OK', 'OK', 'OK', 'OK', 'OK', 'SESSION_REVOKED'],
      'SESSION_NOT_FOUND',
    ]);
  }, 60_000);
});

/** What comes of each call of a session's life, all through one door. */
async function wholeLife(door: Door, at: number): Promise<Outcome[]> {
  const device = ownOf({ tenantId: 'acme', userId: 'whole life', deviceId: 'phone' }, at);
  const { tenantId, userId } = device;
  const outcomes: Outcome[] = [];
  const call = async (method: DescMethod, init: object) => {
    const message = create(method.input, init as never);
    const text = () => Buffer.from(toJsonString(method.input, message));
    const bytes = door.encoding === 'binary' ? toBinary(method.input, message) : text();
    const reply = await send(method, door, { bytes });
    outcomes.push(reply.outcome);
    return reply.message as IssueResponse;
  };
  const claims = { plan: 'gold', nested: { list: [1, 0.5, null, 'ä'] } };
  const { tokens } = await call(issue, {
    device,
    claims,
    scopes: ['read'],
    metadata: { label: 'x' },
  });
  const token = { case: 'token', value: tokens?.accessToken };
  await call(issue, { device, policy: SupersedePolicy.DENY_NEW });
  await call(validate, { subject: token, requiredScopes: ['read'] });
  await call(validate, { subject: token, requiredScopes: ['write'] });
  await call(batchValidate, {
    items: [
      { subject: token },
      {},
      { subject: { case: 'ids', value: { ...device, tokenId: tokens?.tokenId } } },
    ],
  });
  await call(listSessions, { tenantId, userId });
  await call(getSession, { device });
  const { tokens: next } = await call(refresh, { refreshToken: tokens?.refreshToken });
  await call(revoke, { subject: { case: 'token', value: next?.refreshToken } });
  await call(refresh, { refreshToken: next?.refreshToken });
  await call(getSession, { device });
  return outcomes;
}

function refused(field: string, rule: string): Outcome {
  return {
    code: 'INVALID_ARGUMENT',
    message: `${field}: ${rule}`,
    reason: 'INVALID_FIELD',
    metadata: { field, rule },
    details: ['ErrorInfo', 'BadRequest'],
  };
}
