import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { type Reason, SignumError } from '../../src/domain/errors.ts';
import type { Rpc, RpcRequest } from '../../src/rpc/rpc.ts';

/** What a transport made of a request, in a form that can be compared. */
export interface Seen {
  readonly method: string;
  readonly message: unknown;
  readonly authorization: string | undefined;
  readonly certificateNames: readonly string[];
  readonly hasTimeout: boolean;
}

export interface CannedRpc extends Rpc {
  readonly seen: Seen[];
  /** Runs before each answer. */
  before: (request: RpcRequest) => void | Promise<void>;
}

/** Answers every call alike: with the reason in `x-reason`, else with every field set. */
export function createCannedRpc(): CannedRpc {
  const seen: Seen[] = [];
  const rpc: CannedRpc = {
    seen,
    before: () => {},
    services: [TokenService, KeyService, CallerService],
    async invoke(request) {
      const { method, message, header, peer, timeoutMs } = request;
      seen.push({
        method: method.name,
        message: toJson(method.input, message),
        authorization: header('authorization'),
        certificateNames: peer.certificateNames,
        hasTimeout: timeoutMs !== undefined,
      });
      await rpc.before(request);
      const reason = header('x-reason') as Reason | undefined;
      if (reason === undefined) return filled(method.output);
      const metadata = { field: 'a.b', rule: 'must be "ünusual" \u{1f600}' };
      throw new SignumError(reason, 'what went wrong: 100 % ü', { metadata });
    },
    async *converse({ method, messages }) {
      for await (const _ of messages) yield filled(method.output);
    },
  };
  return rpc;
}

/** A message in which no field is empty. */
export function filled(desc: DescMessage, depth = 0): Message {
  const message = create(desc);
  if (desc.typeName.startsWith('google.protobuf.')) return wellKnown(desc);
  const fields = reflect(desc, message);
  for (const field of desc.fields) {
    if (depth < 4) fillField(fields, field, depth);
  }
  return message;
}

function fillField(fields: ReflectMessage, field: DescField, depth: number): void {
  if (field.fieldKind === 'list') {
    fields
      .get(field)
      .add(
        field.listKind === 'message'
          ? reflect(field.message, filled(field.message, depth + 1))
          : scalar(field.listKind === 'scalar' ? field.scalar : ScalarType.INT32),
      );
  } else if (field.fieldKind === 'map') {
    fields.get(field).set('clé', 'value 1');
  } else if (field.fieldKind === 'message') {
    fields.set(field, reflect(field.message, filled(field.message, depth + 1)));
  } else {
    fields.set(field, field.fieldKind === 'enum' ? 1 : scalar(field.scalar));
  }
}

function scalar(type: ScalarType): string | number | bigint | boolean {
  if (type === ScalarType.STRING) return 'tëxt "quoted" \u{1f600}';
  if (type === ScalarType.BOOL) return true;
  if (type === ScalarType.UINT64) return 9_007_199_254_740_991n;
  return 1;
}

function wellKnown(desc: DescMessage): Message {
  const message = create(desc);
  const values: Readonly<Record<string, unknown>> =
    desc.name === 'Struct'
      ? {
          fields: {
            a: { $typeName: 'google.protobuf.Value', kind: { case: 'numberValue', value: 1 } },
          },
        }
      : { seconds: 1_700_000_000n, nanos: 5_000_000 };
  return Object.assign(message, desc.name === 'Any' ? {} : values);
}
