import { durationMs } from '@bufbuild/protobuf/wkt';
import { Fence, type FenceReached } from '@signum/contract/signum/v1/token_pb.js';
import type { Command } from 'commander';

export interface FenceOption {
  readonly fence?: boolean;
}

/** The option by which an operator waits until no edge accepts what was ended. */
export function addFenceOption(command: Command): Command {
  return command
    .option('--fence', 'wait until no edge verifier accepts what was ended')
    .option('--no-fence', 'do not, whatever the deployment has as its default');
}

/** What the API takes; the deployment's default without the option. */
export function fenceOf({ fence }: FenceOption) {
  if (fence === undefined) return {};
  return { fence: fence ? Fence.EDGES : Fence.NONE };
}

/** A line of an answer, if there was something to wait for: `2 edges confirmed, after 14 ms`. */
export function fenceReached(reached: FenceReached | undefined): (readonly [string, string])[] {
  if (reached === undefined) return [];
  const { edgesConfirmed, leasesExpired, waited } = reached;
  const ms = waited === undefined ? 0 : durationMs(waited);
  const edges = `${edgesConfirmed} ${edgesConfirmed === 1 ? 'edge' : 'edges'} confirmed`;
  const expired = leasesExpired > 0 ? `, ${leasesExpired} without a lease by now` : '';
  return [['Fence', `${edges}${expired}, after ${Math.round(ms)} ms`]];
}
