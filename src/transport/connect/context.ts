import { createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { SignumError } from '../../domain/errors.ts';
import type { RpcCall, RpcStream } from '../../rpc/rpc.ts';
import { toConnectError } from './error.ts';

/** Under which a handler of connect-node finds its call. */
export const begunKey = createContextKey<RpcCall | RpcStream | undefined>(undefined);

/** Under which stands what a request says that is not understood. */
export const faultKey = createContextKey<SignumError | undefined>(undefined);

/** Lets a call in before its body is read. */
export async function admitBegun(context: HandlerContext): Promise<void> {
  const call = context.values.get(begunKey);
  const fault = context.values.get(faultKey);
  try {
    if (fault !== undefined) throw call?.fail(fault);
    await call?.admit();
  } catch (thrown) {
    throw toConnectError(thrown);
  }
}

/** The call that connect-node carries on. */
export function begunIn<C extends RpcCall | RpcStream>(context: HandlerContext): C {
  const call = context.values.get(begunKey);
  if (call === undefined) throw new Error('the call was not begun');
  return call as C;
}
