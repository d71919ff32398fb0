import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { KeyService } from '@signum/contract/signum/v1/key_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { type Head, readTimeoutMs } from '../../src/call/head.ts';
import { type Reason, SignumError } from '../../src/domain/errors.ts';
import {
  DEFAULT_MESSAGE_LIMITS,
  type Rpc,
  type RpcCall,
  type RpcStream,
} from '../../src/rpc/rpc.ts';

/** What a transport made of a request, in a form that can be compared. */
export interface Seen {
  readonly method: string;
  readonly message: unknown;
  readonly authorization: string | undefined;
  readonly certificateNames: readonly string[];
  readonly hasTimeout: boolean;
}

/** A request as a transport has handed it over. */
export interface Asked {
  readonly method: DescMethod;
  readonly message: Message;
  readonly signal: Head['signal'];
  readonly timeoutMs: number | undefined;
}

export interface CannedRpc extends Rpc {
  readonly seen: Seen[];
  /** Runs before each answer. */
  before: (request: Asked) => void | Promise<void>;
}

/** Answers every call alike: with the reason in `x-reason`, else with every field set. */
export function createCannedRpc(): CannedRpc {
  const seen: Seen[] = [];
  const rpc: CannedRpc = {
    seen,
    before: () => {},
    services: [TokenService, KeyService, CallerService],
    open: (method, head) => ({
      ...gate(method, head),
      async run(message) {
        const { signal, peer } = head;
        const timeoutMs = readTimeoutMs(head);
        seen.push({
          method: method.name,
          message: toJson(method.input, message),
          authorization: head.header('authorization'),
          certificateNames: peer.certificateNames,
          hasTimeout: timeoutMs !== undefined,
        });
        await rpc.before({ method, message, signal, timeoutMs });
        const reason = head.header('x-reason') as Reason | undefined;
        if (reason === undefined) return filled(method.output);
        const metadata = { field: 'a.b', rule: 'must be "ünusual" \u{1f600}' };
        throw new SignumError(reason, 'what went wrong: 100 % ü', { metadata });
      },
    }),
    openStream: (method, head) => ({
      ...gate(method, head),
      async *run(messages) {
        for await (const _ of messages) yield filled(method.output);
      },
    }),
  };
  return rpc;
}

/** Lets everybody in who says well how long they wait. */
function gate(
  method: DescMethod,
  head: Head,
): Pick<RpcCall & RpcStream, 'admit' | 'maxBytes' | 'fail'> {
  const holdsItems = method.input.fields.some(({ name }) => name === 'items');
  const { maxBytes, maxBatchBytes } = DEFAULT_MESSAGE_LIMITS;
  return {
    admit: () => void readTimeoutMs(head),
    maxBytes: holdsItems ? maxBatchBytes : maxBytes,
    fail: (thrown) =>
      thrown instanceof SignumError ? thrown : new SignumError('INTERNAL', 'internal error'),
  };
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
