import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { RpcRequest } from '../../src/rpc/rpc.ts';
import type { TestRpc } from './test-rpc.ts';

export interface InvokeOptions extends Partial<Omit<RpcRequest, 'header' | 'method' | 'message'>> {
  /** What follows `Bearer `; no credential when absent. */
  readonly as?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a method past all transports. */
export async function invoke<I extends DescMessage, O extends DescMessage>(
  { rpc }: TestRpc,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  { as, headers = {}, ...options }: InvokeOptions = {},
): Promise<MessageShape<O>> {
  const all: Record<string, string> = { ...headers };
  if (as !== undefined) all['authorization'] = `Bearer ${as}`;
  const message = await rpc.invoke({
    method,
    message: create(method.input, input),
    header: (name) => all[name],
    peer: { ip: '192.0.2.1', certificateNames: [] },
    ...options,
  });
  return message as MessageShape<O>;
}
