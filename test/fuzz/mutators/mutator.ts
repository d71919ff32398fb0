import type { Corpus, Seed } from '../corpus.ts';
import type { Forger } from '../forger.ts';
import type { Random } from '../random.ts';

/** What a mutator has at hand. */
export interface Workshop {
  readonly random: Random;
  readonly corpus: Corpus;
  readonly forger: Forger;
}

/** Makes something of a good token that may look like one. May now and then change nothing. */
export type Mutator = (shop: Workshop, seed: Seed) => string;
