import type { DescMessage, JsonObject, Message } from '@bufbuild/protobuf';
import { StructSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import {
  type HeaderValueOption,
  HeaderValueOptionSchema,
  HeaderValueSchema,
} from '@signum/contract/envoy/config/core/v3/base_pb.js';
import {
  type CheckResponse,
  CheckResponseSchema,
  type DeniedHttpResponse,
  DeniedHttpResponseSchema,
  type OkHttpResponse,
  OkHttpResponseSchema,
} from '@signum/contract/envoy/service/auth/v3/external_auth_pb.js';
import { HttpStatusSchema } from '@signum/contract/envoy/type/v3/http_status_pb.js';
import { type Status, StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import type { BinaryWriter } from './binary-writer.ts';
import { haveOnly, type KnownFields } from './known-fields.ts';

/** The fields of the answer to Envoy that the contract has, by their numbers. */
export const CHECK_ANSWER_FIELDS = {
  'envoy.service.auth.v3.CheckResponse': {
    ...{ status: 1, denied_response: 2, ok_response: 3, dynamic_metadata: 4 },
  },
  'envoy.service.auth.v3.OkHttpResponse': {
    ...{ headers: 2, headers_to_remove: 5, response_headers_to_add: 6 },
  },
  'envoy.service.auth.v3.DeniedHttpResponse': { status: 1, headers: 2, body: 3 },
  'envoy.config.core.v3.HeaderValueOption': { header: 1, append: 2, keep_empty_value: 4 },
  'envoy.config.core.v3.HeaderValue': { key: 1, value: 2, raw_value: 3 },
  'envoy.type.v3.HttpStatus': { code: 1 },
  'google.rpc.Status': { code: 1, message: 2, details: 3 },
  'google.protobuf.Struct': { fields: 1 },
  'google.protobuf.Value': {
    ...{ null_value: 1, number_value: 2, string_value: 3, bool_value: 4 },
    ...{ struct_value: 5, list_value: 6 },
  },
} as const;

const SCHEMAS: readonly DescMessage[] = [
  CheckResponseSchema,
  OkHttpResponseSchema,
  DeniedHttpResponseSchema,
  HeaderValueOptionSchema,
  HeaderValueSchema,
  HttpStatusSchema,
  StatusSchema,
  StructSchema,
  ValueSchema,
];

export function knowsCheckAnswer(known: KnownFields = CHECK_ANSWER_FIELDS): boolean {
  return haveOnly(SCHEMAS, known);
}

const ANSWER = CHECK_ANSWER_FIELDS['envoy.service.auth.v3.CheckResponse'];
const OK = CHECK_ANSWER_FIELDS['envoy.service.auth.v3.OkHttpResponse'];
const DENIED = CHECK_ANSWER_FIELDS['envoy.service.auth.v3.DeniedHttpResponse'];
const OPTION = CHECK_ANSWER_FIELDS['envoy.config.core.v3.HeaderValueOption'];
const HEADER = CHECK_ANSWER_FIELDS['envoy.config.core.v3.HeaderValue'];
const HTTP_STATUS = CHECK_ANSWER_FIELDS['envoy.type.v3.HttpStatus'];
const STATUS = CHECK_ANSWER_FIELDS['google.rpc.Status'];
const STRUCT = CHECK_ANSWER_FIELDS['google.protobuf.Struct'];
const VALUE = CHECK_ANSWER_FIELDS['google.protobuf.Value'];
/** Of a map's entry. */
const ENTRY = { key: 1, value: 2 };

/** Writes a CheckResponse. One with anything that Signum does not answer is not of the usual form. */
export function writeCheckAnswer(to: BinaryWriter, message: CheckResponse): void {
  const { status, httpResponse, dynamicMetadata } = message;
  requireKnown(to, message);
  if (status !== undefined) writeStatus(to, status);
  if (httpResponse.case === 'okResponse') writeOk(to, httpResponse.value);
  else if (httpResponse.case === 'deniedResponse') writeDenied(to, httpResponse.value);
  if (dynamicMetadata !== undefined) writeMetadata(to, dynamicMetadata);
}

function writeStatus(to: BinaryWriter, status: Status): void {
  requireKnown(to, status);
  if (status.details.length > 0) to.giveUp();
  const start = to.open(ANSWER.status);
  to.integer(STATUS.code, status.code);
  to.string(STATUS.message, status.message);
  to.close(start);
}

function writeOk(to: BinaryWriter, ok: OkHttpResponse): void {
  requireKnown(to, ok);
  if (ok.responseHeadersToAdd.length > 0) to.giveUp();
  const start = to.open(ANSWER.ok_response);
  for (const header of ok.headers) writeHeader(to, OK.headers, header);
  for (const name of ok.headersToRemove) to.element(OK.headers_to_remove, name);
  to.close(start);
}

function writeDenied(to: BinaryWriter, denied: DeniedHttpResponse): void {
  requireKnown(to, denied);
  const start = to.open(ANSWER.denied_response);
  if (denied.status !== undefined) {
    requireKnown(to, denied.status);
    const statusStart = to.open(DENIED.status);
    to.integer(HTTP_STATUS.code, denied.status.code);
    to.close(statusStart);
  }
  for (const header of denied.headers) writeHeader(to, DENIED.headers, header);
  to.string(DENIED.body, denied.body);
  to.close(start);
}

function writeHeader(to: BinaryWriter, field: number, option: HeaderValueOption): void {
  const { header, append, keepEmptyValue } = option;
  requireKnown(to, option);
  if (append !== undefined || keepEmptyValue) to.giveUp();
  const start = to.open(field);
  if (header !== undefined) {
    requireKnown(to, header);
    if (header.rawValue.length > 0) to.giveUp();
    const headerStart = to.open(OPTION.header);
    to.string(HEADER.key, header.key);
    to.string(HEADER.value, header.value);
    to.close(headerStart);
  }
  to.close(start);
}

/** A Struct of texts: protobuf-es writes those with anything else. */
function writeMetadata(to: BinaryWriter, metadata: JsonObject): void {
  const start = to.open(ANSWER.dynamic_metadata);
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    const entryStart = to.open(STRUCT.fields);
    to.element(ENTRY.key, key);
    const valueStart = to.open(ENTRY.value);
    if (typeof value === 'string') to.element(VALUE.string_value, value);
    else to.giveUp();
    to.close(valueStart);
    to.close(entryStart);
  }
  to.close(start);
}

function requireKnown(to: BinaryWriter, { $unknown }: Message): void {
  if ($unknown !== undefined) to.giveUp();
}
