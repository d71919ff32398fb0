import { type DescMessage, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { type TokenRef, TokenRefSchema } from '@signum/contract/signum/v1/token_pb.js';
import {
  type BatchValidateResponse,
  BatchValidateResponseSchema,
  type BatchValidateResult,
  BatchValidateResultSchema,
  type ValidateResponse,
  ValidateResponseSchema,
  type ValidateStreamResponse,
  ValidateStreamResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { BinaryWriter } from './binary-writer.ts';
import { haveOnly, type KnownFields } from './known-fields.ts';

/** The fields that are written here, or need not be for certain, by their numbers. */
export const WRITTEN = {
  'signum.v1.ValidateResponse': {
    ...{ active: 1, verdict: 2, revocation_reason: 3, source: 4, token: 5, session_id: 6 },
    ...{
      scopes: 7,
      issue_time: 8,
      expire_time: 9,
      revision: 10,
      audiences: 11,
      claims: 12,
      client_id: 13,
      auth_time: 14,
      acr: 15,
      amr: 16,
      confirmation: 20,
      dpop_nonce: 21,
    },
  },
  'signum.v1.TokenRef': { tenant_id: 1, user_id: 2, device_id: 3, token_id: 4 },
  'signum.v1.BatchValidateResult': { response: 1, error: 2 },
  'signum.v1.BatchValidateResponse': { results: 1 },
  'signum.v1.ValidateStreamResponse': { results: 1 },
  'google.protobuf.Timestamp': { seconds: 1, nanos: 2 },
} as const;

const FIELD = WRITTEN['signum.v1.ValidateResponse'];
const REF = WRITTEN['signum.v1.TokenRef'];
const TIME = WRITTEN['google.protobuf.Timestamp'];
const RESULTS = WRITTEN['signum.v1.BatchValidateResponse'].results;
const RESPONSE = WRITTEN['signum.v1.BatchValidateResult'].response;

/** Writes a ValidateResponse. One with custom claims, or about a key, is not of the usual form. */
export function writeValidation(to: BinaryWriter, message: ValidateResponse): void {
  const { token, issueTime, expireTime, claims, authTime, confirmation, dpopNonce } = message;
  const isAboutKey = confirmation !== undefined || dpopNonce !== '';
  if (message.$unknown !== undefined || isAboutKey) to.giveUp();
  to.integer(FIELD.active, Number(message.active));
  to.integer(FIELD.verdict, message.verdict);
  to.integer(FIELD.revocation_reason, message.revocationReason);
  to.integer(FIELD.source, message.source);
  if (token !== undefined) writeRef(to, token);
  to.string(FIELD.session_id, message.sessionId);
  for (const scope of message.scopes) to.element(FIELD.scopes, scope);
  if (issueTime !== undefined) writeTime(to, FIELD.issue_time, issueTime);
  if (expireTime !== undefined) writeTime(to, FIELD.expire_time, expireTime);
  to.integer(FIELD.revision, Number(message.revision));
  for (const audience of message.audiences) to.element(FIELD.audiences, audience);
  if (claims !== undefined) writeClaims(to, claims);
  to.string(FIELD.client_id, message.clientId);
  if (authTime !== undefined) writeTime(to, FIELD.auth_time, authTime);
  to.string(FIELD.acr, message.acr);
  for (const method of message.amr) to.element(FIELD.amr, method);
}

function writeRef(to: BinaryWriter, ref: TokenRef): void {
  if (ref.$unknown !== undefined) to.giveUp();
  const start = to.open(FIELD.token);
  to.string(REF.tenant_id, ref.tenantId);
  to.string(REF.user_id, ref.userId);
  to.string(REF.device_id, ref.deviceId);
  to.string(REF.token_id, ref.tokenId);
  to.close(start);
}

/** An instant before 1970 is not of the usual form. */
function writeTime(to: BinaryWriter, field: number, time: Timestamp): void {
  if (time.$unknown !== undefined) to.giveUp();
  const start = to.open(field);
  to.integer(TIME.seconds, Number(time.seconds));
  to.integer(TIME.nanos, time.nanos);
  to.close(start);
}

/** An empty Struct is not the same as none. */
function writeClaims(to: BinaryWriter, claims: JsonObject): void {
  for (const _ in claims) to.giveUp();
  to.close(to.open(FIELD.claims));
}

export type Results = BatchValidateResponse | ValidateStreamResponse;

/** Writes the results of a batch. Those that are not of the usual form, protobuf-es writes in place. */
export function writeResults(to: BinaryWriter, { results, $unknown }: Results): void {
  for (const result of results) {
    const start = to.part();
    writeResult(to, result);
    if (to.isWhole) continue;
    to.rewind(start);
    to.message(RESULTS, toBinary(BatchValidateResultSchema, result));
  }
  if ($unknown !== undefined) to.giveUp();
}

function writeResult(to: BinaryWriter, { result, $unknown }: BatchValidateResult): void {
  if (result.case !== 'response' || $unknown !== undefined) {
    to.giveUp();
    return;
  }
  const start = to.open(RESULTS);
  const responseStart = to.open(RESPONSE);
  writeValidation(to, result.value);
  to.close(responseStart);
  to.close(start);
}

const SCHEMAS: readonly DescMessage[] = [
  ValidateResponseSchema,
  TokenRefSchema,
  BatchValidateResultSchema,
  BatchValidateResponseSchema,
  ValidateStreamResponseSchema,
  TimestampSchema,
];

export function knowsValidation(known: KnownFields = WRITTEN): boolean {
  return haveOnly(SCHEMAS, known);
}
