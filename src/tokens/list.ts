import type { DeviceRef } from '@signum/token';
import type { Call } from '../domain/call.ts';
import { SignumError } from '../domain/errors.ts';
import type { Session } from '../domain/session.ts';
import * as store from '../store/sessions/sessions.ts';
import type { TokenDeps } from './deps.ts';
import type { ListSessionsInput, SessionPage } from './tokens.ts';

/** A user's live sessions, by device id in byte order. */
export async function listSessions(
  deps: TokenDeps,
  call: Call,
  input: ListSessionsInput,
): Promise<SessionPage> {
  const page = { afterDeviceId: input.afterDeviceId, limit: input.pageSize };
  const { sessions, more, total } = await store.listSessions(deps.store, input, page, call);
  return { sessions, more, totalSize: total };
}

/** The live session of a device. */
export async function getSession(deps: TokenDeps, call: Call, device: DeviceRef): Promise<Session> {
  const session = await store.getSession(deps.store, device, call);
  if (!session) throw new SignumError('SESSION_NOT_FOUND', 'no session lives on the device');
  return session;
}
