import {
  createRegistry,
  type DescMethod,
  fromBinary,
  fromJsonString,
  type JsonValue,
  type Message,
  toJson,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Code } from '@signum/contract/google/rpc/code_pb.js';
import {
  ErrorInfoSchema,
  file_google_rpc_error_details,
} from '@signum/contract/google/rpc/error_details_pb.js';
import { type Status, StatusSchema } from '@signum/contract/google/rpc/status_pb.js';

/** What a call comes to, whatever it came over. */
export type Outcome =
  | { readonly answer: JsonValue }
  | {
      readonly code: string;
      readonly message: string;
      /** Of the ErrorInfo that every error must have; undefined without. */
      readonly reason: string | undefined;
      readonly metadata: Readonly<Record<string, string>> | undefined;
      /** The types of all details. */
      readonly details: readonly string[];
    };

/** An outcome, and the message that it came in if it is an answer. */
export interface Reply {
  readonly outcome: Outcome;
  readonly message?: Message;
}

export type Encoding = 'json' | 'binary';

const registry = createRegistry(file_google_rpc_error_details);

/** Reads an answer. */
export function messageOf(method: DescMethod, bytes: Uint8Array, encoding: Encoding): Message {
  return encoding === 'binary'
    ? fromBinary(method.output, bytes)
    : fromJsonString(method.output, Buffer.from(bytes).toString(), { registry });
}

export function answered(method: DescMethod, message: Message): Reply {
  return { outcome: { answer: steady(toJson(method.output, message, { registry })) }, message };
}

/** Of a google.rpc.Status, as gRPC has it in `grpc-status-details-bin`. */
export function failureOf(bytes: Uint8Array): Reply {
  return replyOf(fromBinary(StatusSchema, bytes));
}

/** Of the error of Connect, in JSON. */
export function connectFailureOf(text: string): Reply {
  const { code = '', message = '', details = [] } = JSON.parse(text);
  const number = Code[code === 'canceled' ? 'CANCELLED' : (code.toUpperCase() as 'OK')];
  const anys = details.map(({ type, value }: { type: string; value: string }) => ({
    $typeName: 'google.protobuf.Any' as const,
    typeUrl: `type.googleapis.com/${type}`,
    value: Buffer.from(value, 'base64'),
  }));
  return replyOf({ $typeName: 'google.rpc.Status', code: number, message, details: anys });
}

/** A failure of which there is nothing but its code. */
export function bareFailure(code: number, message: string): Reply {
  return replyOf({ $typeName: 'google.rpc.Status', code, message, details: [] });
}

function replyOf({ code, message, details }: Status): Reply {
  const infos = details.map((any) => anyUnpack(any, ErrorInfoSchema)).filter((info) => !!info);
  const outcome = {
    code: Code[code] ?? `${code}`,
    message: steadyText(message),
    reason: infos[0]?.reason,
    metadata: infos[0] && (steady({ ...infos[0].metadata }) as Record<string, string>),
    details: details.map(({ typeUrl }) => typeUrl.slice(typeUrl.lastIndexOf('.') + 1)),
  };
  return { outcome };
}

/** The same without what no two answers have in common: ids, tokens, instants, and what `ownOf` adds. */
function steady(value: JsonValue): JsonValue {
  if (typeof value === 'string') return steadyText(value);
  if (Array.isArray(value)) return value.map(steady);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(
    ([name, each]) => [name, UNSTEADY_FIELDS.has(name) ? name : steady(each)] as const,
  );
  return Object.fromEntries(entries);
}

const UNSTEADY_FIELDS: ReadonlySet<string> = new Set([
  ...['keyId', 'revision', 'expiresIn', 'waited'],
]);
const UNSTEADY_TEXTS: readonly [RegExp, string][] = [
  [/\.d\d\d\b/g, ''],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'token'],
  [/sgn_\w+_[\w-]{43}/g, 'api key'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, 'uuid'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'instant'],
];

function steadyText(text: string): string {
  return UNSTEADY_TEXTS.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text);
}
