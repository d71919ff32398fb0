import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  Authorization,
  CheckResponseSchema,
} from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { writeCheck } from '../../src/gateway/envoy.ts';
import type { Session } from '../lab/population.ts';
import { requestBytes } from './http-request.ts';

export const CHECK_PATH = `/${Authorization.typeName}/${Authorization.method.check.name}`;

/** What the client of a gateway asks for. */
const TARGET = '/orders/4711?page=2';

/** What a client sends to its service, through whatever gateway. */
export function clientRequest({ accessToken }: Session): Buffer {
  return requestBytes({ path: TARGET, headers: clientHeaders(accessToken) });
}

/** What nginx asks with the configuration in examples/nginx. */
export function authzCall({ accessToken }: Session, apiKey: string): Buffer {
  const headers = {
    'x-signum-key': apiKey,
    'x-original-method': 'GET',
    'x-original-url': `https://localhost${TARGET}`,
    ...clientHeaders(accessToken),
  };
  return requestBytes({ path: '/authz', headers });
}

/** What Envoy asks with the configuration in examples/envoy-grpc, of which Signum's contract has a part. */
export function checkBytes({ accessToken }: Session): Uint8Array {
  const headers = {
    ':authority': 'localhost',
    ':method': 'GET',
    ':path': TARGET,
    ':scheme': 'http',
    'x-forwarded-proto': 'http',
    'x-request-id': '3f0e3a4c-8f4e-4f0f-9f0e-0e6f5f3c7d21',
    ...clientHeaders(accessToken),
  };
  const http = message(
    [1, '9162475123854732919'],
    [2, 'GET'],
    ...Object.entries(headers).map((entry) => [3, pair(entry)] as const),
    [4, TARGET],
    [5, 'localhost'],
    [6, 'http'],
    [10, 'HTTP/1.1'],
  );
  const address = message([1, message([1, message([2, '127.0.0.1'])])]);
  const request = message(
    [1, new BinaryWriter().uint32(8).int64(1_790_000_000).finish()],
    [2, http],
  );
  const attributes = message([1, address], [2, address], [4, request], [11, ''], [13, '']);
  return message([1, attributes]);
}

/** A message of fields that have a length. */
function message(...fields: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    writer.tag(number, WireType.LengthDelimited);
    if (typeof value === 'string') writer.string(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

function pair([key, value]: readonly [string, string]): Uint8Array {
  return message([1, key], [2, value]);
}

/** What Signum answers to it, for a service that always says yes. */
export function allowedBytes({ ref, sessionId }: Session): Uint8Array {
  const identity = {
    'x-signum-tenant': ref.tenantId,
    'x-signum-user': ref.userId,
    'x-signum-device': ref.deviceId,
    'x-signum-session': sessionId,
    'x-signum-token-id': ref.tokenId,
    'x-signum-scope': 'read write',
    'x-signum-expires': '1790000000',
  };
  return toBinary(CheckResponseSchema, writeCheck({ status: 200, identity }));
}

/** Fails unless a CheckResponse lets the request pass. */
export function requireAllowed(answer: Buffer): Buffer {
  const { httpResponse, status } = fromBinary(CheckResponseSchema, answer);
  if (httpResponse.case === 'okResponse') return answer;
  throw new Error(`the check answered ${status?.code}`);
}

function clientHeaders(accessToken: string): Readonly<Record<string, string>> {
  return {
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    accept: 'application/json',
    authorization: `Bearer ${accessToken}`,
  };
}
