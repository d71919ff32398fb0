import type { DeviceRef } from '@signum/token';
import { SignumError } from '../domain/errors.ts';
import type { Session } from '../domain/session.ts';
import type { AdmittedCall } from '../policy/access.ts';
import * as store from '../store/sessions/sessions.ts';
import type { TokenDeps } from './deps.ts';

export interface ListSessionsInput {
  readonly tenantId: string;
  readonly userId: string;
  /** 1 to 100. */
  readonly pageSize: number;
  /** Device id after which the page starts; empty for the first page. */
  readonly afterDeviceId: string;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Whether more devices follow the last one here. */
  readonly more: boolean;
  readonly totalSize: number;
}

/** A user's live sessions, by device id in byte order. */
export async function listSessions(
  deps: TokenDeps,
  call: AdmittedCall,
  input: ListSessionsInput,
): Promise<SessionPage> {
  await limitReads(deps, call);
  const page = { afterDeviceId: input.afterDeviceId, limit: input.pageSize };
  const { sessions, more, total } = await store.listSessions(deps.store, input, page, call);
  return { sessions, more, totalSize: total };
}

/** The live session of a device. */
export async function getSession(
  deps: TokenDeps,
  call: AdmittedCall,
  device: DeviceRef,
): Promise<Session> {
  await limitReads(deps, call);
  const session = await store.getSession(deps.store, device, call);
  if (!session) throw new SignumError('SESSION_NOT_FOUND', 'no session lives on the device');
  return session;
}

/** Reading costs more than validating, and whoever is logged in may do it. */
async function limitReads(deps: TokenDeps, call: AdmittedCall): Promise<void> {
  const { caller } = call;
  if (caller.kind !== 'user') return;
  await deps.limit('reads', `${caller.device.tenantId}\0${caller.device.userId}`, call);
}
