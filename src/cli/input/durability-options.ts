import type { DurabilityReached } from '@signum/contract/signum/v1/token_pb.js';
import type { Command } from 'commander';
import { integer } from './option-values.ts';

export interface DurabilityOptions {
  readonly replicas?: number;
  readonly fsync?: boolean;
}

/** The options by which an operator asks for copies of a write before it is acknowledged. */
export function addDurabilityOptions(command: Command): Command {
  return command
    .option('--replicas <n>', 'replicas that must hold the change first: 0 to 16', integer(0, 16))
    .option('--fsync', 'wait until the change is on disk');
}

/** What the API takes; the deployment's default when neither option is given. */
export function durabilityOf({ replicas, fsync }: DurabilityOptions) {
  if (replicas === undefined && fsync === undefined) return {};
  return { durability: { replicas: replicas ?? 0, fsync: fsync ?? false } };
}

/** `confirmed by 2 replicas, on disk`. */
export function durabilityReached(reached: DurabilityReached | undefined): string {
  const replicas = reached?.replicas ?? 0;
  const copies = `confirmed by ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  return reached?.fsync ? `${copies}, on disk` : copies;
}
