import type { Authenticate } from '../callers/authenticate.ts';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import { SignumError } from '../domain/errors.ts';
import { type Demand, meetDemand } from '../policy/required-access.ts';
import type { RpcContext } from '../rpc/rpc.ts';

/**
 * Finds out who calls and lets them do what they demand, or throws. Synchronous when the caller is
 * known by a key or a certificate, which is nearly always: nobody waits for what is there.
 */
export function admit(
  demand: Demand,
  request: Pick<RpcContext, 'header' | 'peer'>,
  authenticate: Authenticate,
): Caller | Promise<Caller> {
  const caller = identify(demand, request, authenticate);
  if (caller instanceof Promise) return caller.then((known) => meet(demand, known));
  return meet(demand, caller);
}

function meet(demand: Demand, caller: Caller): Caller {
  meetDemand(demand, caller);
  return caller;
}

function identify(
  demand: Demand,
  { header, peer }: Pick<RpcContext, 'header' | 'peer'>,
  authenticate: Authenticate,
): Caller | Promise<Caller> {
  const { certificateNames } = peer;
  try {
    const caller = authenticate({ authorization: header('authorization'), certificateNames });
    if (!(caller instanceof Promise)) return caller;
    return caller.catch((thrown) => withoutCredential(demand, thrown));
  } catch (thrown) {
    return withoutCredential(demand, thrown);
  }
}

/**
 * Where possession of a token is enough, a stale credential beside it does no harm: an app that
 * sends its expired access token along with every request must still be able to refresh.
 */
function withoutCredential(demand: Demand, thrown: unknown): Caller {
  const refused = thrown instanceof SignumError && thrown.reason === 'CREDENTIAL_INVALID';
  if (refused && demand.by !== 'permission') return ANONYMOUS;
  throw thrown;
}
