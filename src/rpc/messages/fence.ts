import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  Fence,
  type FenceReached as FenceReachedMessage,
  FenceReachedSchema,
} from '@signum/contract/signum/v1/token_pb.js';
import type { FenceReached, FenceWanted } from '../../domain/session.ts';

const WANTED: { readonly [F in Fence]: FenceWanted | undefined } = {
  [Fence.UNSPECIFIED]: undefined,
  [Fence.NONE]: 'NONE',
  [Fence.EDGES]: 'EDGES',
};

/** The fence asked for; unspecified means the deployment's default. */
export function toFence(fence: Fence): FenceWanted | undefined {
  return WANTED[fence];
}

/** What was reached, as a field of an answer; absent if nothing was waited for. */
export function fromFence(reached: FenceReached | undefined): { fence?: FenceReachedMessage } {
  if (reached === undefined) return {};
  const { confirmed, expired, waitedMs } = reached;
  const waited = durationFromMs(Math.round(waitedMs));
  const message = { edgesConfirmed: confirmed, leasesExpired: expired, waited };
  return { fence: create(FenceReachedSchema, message) };
}
