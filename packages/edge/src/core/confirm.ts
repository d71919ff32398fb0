import type { Clock } from './clock.ts';
import { AT, type KnownTokens, RECORD_WORDS } from './known-tokens.ts';
import type { Mirror } from './mirror.ts';

/**
 * The server is about to be asked about a token. The function that is answered is called when it has said that
 * the session is live: no loss that was told before the question makes it doubtful from then on.
 */
export type Confirm = (token: string) => () => void;

export function createConfirm(deps: {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly mirror: Pick<Mirror, 'losses'>;
  readonly known: KnownTokens;
}): Confirm {
  const { clock, mirror, known } = deps;

  return (token) => {
    const row = known.find(token);
    if (row < 0) return () => undefined;
    const partition = known.records[RECORD_WORDS * row + AT.partition] as number;
    const confirmed = mirror.losses.askedNow(partition, clock.monotonicMs());
    return () => {
      // Another token may have its row by now.
      const row = known.find(token);
      const at = RECORD_WORDS * row + AT.confirmed;
      if (row >= 0) known.records[at] = Math.max(known.records[at] as number, confirmed);
    };
  };
}
