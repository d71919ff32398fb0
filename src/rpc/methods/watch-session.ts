import { create } from '@bufbuild/protobuf';
import {
  TokenService,
  WatchSessionResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { StreamCall } from '../../call/endpoint.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Revocations } from '../../revocations/revocations.ts';
import type { SessionToWatch } from '../../revocations/watch-session.ts';
import type { Signing } from '../../signing/signing.ts';
import { fromRevocationReason, optionalTime } from '../messages/values.ts';
import { serverStreamRule } from '../method-rule.ts';

export interface WatchSessionDeps {
  readonly watchSession: Revocations['watchSession'];
  readonly signing: Pick<Signing, 'readRefresh'>;
}

/** Tells the holder of a session when and why it ends. */
export function watchSession({ watchSession: watchIt, signing }: WatchSessionDeps) {
  return serverStreamRule(TokenService.method.watchSession, {
    async *handle(call, { refreshToken }) {
      const session = await sessionOf(call, refreshToken, signing);
      const ended = new AbortController();
      call.ended.addEventListener('abort', { handleEvent: () => ended.abort() });
      for await (const state of watchIt(session, ended.signal)) {
        yield create(WatchSessionResponseSchema, {
          sessionId: state.sessionId,
          ended: state.ended,
          reason: fromRevocationReason(state.reason),
          ...optionalTime('endTime', state.atMs),
        });
      }
    },
  });
}

async function sessionOf(
  call: StreamCall,
  refreshToken: string,
  signing: WatchSessionDeps['signing'],
): Promise<SessionToWatch> {
  if (refreshToken !== '') {
    const { device, sessionId } = await signing.readRefresh(refreshToken);
    call.authoriseToken(device);
    return { device, sessionId };
  }
  const { caller } = call;
  if (caller.kind === 'user') return { device: caller.device, sessionId: caller.sessionId };
  throw new SignumError('CREDENTIAL_MISSING', 'the call needs a token of the session');
}
