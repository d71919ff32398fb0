import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  BatchValidateRequestSchema,
  BatchValidateResponseSchema,
  IssueRequestSchema,
  RefreshRequestSchema,
  RevokeRequestSchema,
  TokenService,
  type ValidateRequest,
  ValidateRequestSchema,
  ValidateResponseSchema,
  ValidateStreamRequestSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { DeviceRef } from '@signum/token';
import type { Session } from '../lab/population.ts';
import { requestBytes } from './http-request.ts';
import { openConnection } from './raw-connection.ts';

type MethodName = 'Validate' | 'BatchValidate' | 'ValidateStream' | 'Issue' | 'Refresh' | 'Revoke';

export function pathOf(method: MethodName): string {
  return `/${TokenService.typeName}/${method}`;
}

/** A Connect unary call in binary, as an HTTP/1.1 request. Without a key for calls by possession. */
export function connectCall(method: MethodName, body: Uint8Array, apiKey?: string): Buffer {
  const headers = {
    'content-type': 'application/proto',
    'connect-protocol-version': '1',
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  };
  return requestBytes({ path: pathOf(method), headers, body });
}

export function validateByIds({ ref }: Session): ValidateRequest {
  return create(ValidateRequestSchema, { subject: { case: 'ids', value: { ...ref } } });
}

export function validateByToken({ accessToken }: Session): ValidateRequest {
  return create(ValidateRequestSchema, { subject: { case: 'token', value: accessToken } });
}

export function validateBytes(request: ValidateRequest): Uint8Array {
  return toBinary(ValidateRequestSchema, request);
}

export function batchBytes(items: readonly ValidateRequest[]): Uint8Array {
  const request = create(BatchValidateRequestSchema, { items: [...items] });
  return toBinary(BatchValidateRequestSchema, request);
}

export function streamBytes(items: readonly ValidateRequest[]): Uint8Array {
  const request = create(ValidateStreamRequestSchema, { items: [...items] });
  return toBinary(ValidateStreamRequestSchema, request);
}

export function issueBytes(device: DeviceRef): Uint8Array {
  const request = create(IssueRequestSchema, {
    device: { ...device },
    scopes: ['read', 'write'],
    metadata: { ip: '203.0.113.7', label: 'Pixel 9' },
    // wrk's Lua finds its strings by some of their bytes, and slowly if those are alike: the last are
    // among them.
    accessLifetime: durationFromMs(300_000 + 1_000 * (Number(device.userId.slice(-3)) % 500)),
  });
  return toBinary(IssueRequestSchema, request);
}

export function refreshBytes({ refreshToken }: Session): Uint8Array {
  return toBinary(RefreshRequestSchema, create(RefreshRequestSchema, { refreshToken }));
}

export function revokeBytes(token: string): Uint8Array {
  const request = create(RevokeRequestSchema, { subject: { case: 'token', value: token } });
  return toBinary(RevokeRequestSchema, request);
}

/** The body of one answer, for the ceilings to answer too. Fails unless it is what a load expects. */
export async function expectActive(origin: string, call: Buffer): Promise<Buffer> {
  const { status, body } = await callOnce(origin, call);
  if (status === 200) return requireActive(body);
  throw new Error(`validate answered ${status}: ${body.toString()}`);
}

/** Fails unless a ValidateResponse says that the token is good. */
export function requireActive(body: Buffer): Buffer {
  const { active, verdict } = fromBinary(ValidateResponseSchema, body);
  if (active) return body;
  throw new Error(`validate answered verdict ${verdict}`);
}

/** Makes a call once and fails unless it is answered with 200. */
export function expectOk(origin: string, call: Buffer): Promise<void> {
  return expectStatus(origin, call, 200);
}

export async function expectStatus(origin: string, call: Buffer, expected: number): Promise<void> {
  const { status, body } = await callOnce(origin, call);
  if (status !== expected) throw new Error(`a call was answered ${status}: ${body.toString()}`);
}

/** Fails unless an answer in JSON, of whatever protocol, says that the token is good. */
export async function expectActiveJson(origin: string, call: Buffer): Promise<void> {
  const { status, body } = await callOnce(origin, call);
  if (status === 200 && JSON.parse(body.toString()).active === true) return;
  throw new Error(`a call was answered ${status}: ${body.toString()}`);
}

export async function expectAllActive(origin: string, call: Buffer): Promise<void> {
  const { status, body } = await callOnce(origin, call);
  const { results } =
    status === 200 ? fromBinary(BatchValidateResponseSchema, body) : { results: [] };
  const active = results.filter(({ result }) => result.case === 'response' && result.value.active);
  if (results.length > 0 && active.length === results.length) return;
  throw new Error(`a batch answered ${status}, ${active.length} of ${results.length} active`);
}

async function callOnce(origin: string, call: Buffer): Promise<{ status: number; body: Buffer }> {
  const connection = await openConnection(origin);
  try {
    return await new Promise((resolve) => {
      connection.send(call, (status, body) => resolve({ status, body: body() }));
    });
  } finally {
    connection.destroy();
  }
}
