import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { Head } from '../../src/call/head.ts';
import type { TestRpc } from './test-rpc.ts';

export interface InvokeOptions extends Partial<Pick<Head, 'peer' | 'signal'>> {
  /** What follows `Bearer `; no credential when absent. */
  readonly as?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the client allows, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Calls a method past all transports. */
export async function invoke<I extends DescMessage, O extends DescMessage>(
  { rpc }: Pick<TestRpc, 'rpc'>,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  options: InvokeOptions = {},
): Promise<MessageShape<O>> {
  const call = rpc.open(method, headOf(options));
  await call.admit();
  return (await call.run(create(method.input, input))) as MessageShape<O>;
}

/** A head as a transport would give it. */
export function headOf({ as, headers = {}, timeoutMs, ...options }: InvokeOptions = {}): Head {
  const all: Record<string, string> = { ...headers };
  if (as !== undefined) all['authorization'] = `Bearer ${as}`;
  if (timeoutMs !== undefined) all['connect-timeout-ms'] = String(timeoutMs);
  return {
    verb: 'POST',
    path: '/',
    query: '',
    authority: 'signum.example',
    timeoutHeader: 'connect-timeout-ms',
    header: (name) => all[name],
    headerValues: (name) => (all[name] === undefined ? [] : [all[name]]),
    peer: { ip: '192.0.2.1', certificateNames: [] },
    ...options,
  };
}
