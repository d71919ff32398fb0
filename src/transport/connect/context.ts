import { Code, ConnectError, createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { Departure, Peer, RpcContext } from '../../rpc/rpc.ts';
import { ClientDeparture } from '../drain/departure.ts';

/** Under which a handler of connect-node finds its peer. */
export const peerKey = createContextKey<Peer>({ ip: '', certificateNames: [] });

/** What connect-node tells of a call beside its messages. */
export function rpcContextOf(context: HandlerContext): RpcContext {
  return {
    header: (name) => context.requestHeader.get(name) ?? undefined,
    peer: context.values.get(peerKey),
    timeoutMs: context.timeoutMs(),
    signal: clientGone(context.signal),
  };
}

/** connect-node aborts its signal at the deadline as well, which the pipeline tells apart itself. */
function clientGone(signal: AbortSignal): Departure {
  const gone = new ClientDeparture();
  const onAbort = () => {
    if (ConnectError.from(signal.reason).code !== Code.DeadlineExceeded) gone.abort();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return gone;
}
