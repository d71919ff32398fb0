import type { Stage } from '../security/tokens/stage.ts';
import { ISSUER } from '../setup/server.ts';
import { collectCorpus } from './corpus.ts';
import { createForger } from './forger.ts';
import { JSON_MUTATORS } from './mutators/json.ts';
import type { Workshop } from './mutators/mutator.ts';
import { SEGMENT_MUTATORS } from './mutators/segments.ts';
import { SIGNATURE_MUTATORS } from './mutators/signatures.ts';
import { alter, TEXT_MUTATORS } from './mutators/text.ts';
import { type Nature, natureOf } from './oracle.ts';
import { createRandom } from './random.ts';
import { openReaders } from './readers.ts';
import { createServiceTarget } from './service.ts';

export interface CampaignOptions {
  readonly iterations: number;
  readonly seed: number;
  /** The share of mutants that the running service is shown too. */
  readonly serviceShare: number;
  readonly onProgress?: (done: number) => void;
}

export interface CampaignReport {
  readonly iterations: number;
  readonly seed: number;
  readonly elapsedMs: number;
  /** Mutants by what the readers said of them. */
  readonly verdicts: ReadonlyMap<string, number>;
  /** Mutants by what they were. */
  readonly natures: ReadonlyMap<Nature, number>;
  /** Forged and yet accepted, by the readers or by the service. Must be empty. */
  readonly falseAccepts: readonly string[];
  /** Good and yet refused. Must be empty. */
  readonly falseRefusals: readonly string[];
  readonly crashes: readonly string[];
  /** What the readers took longest for, three times in a row. */
  readonly worst: { readonly ms: number; readonly by: string; readonly length: number };
  readonly service: ReadonlyMap<string, number>;
}

const MUTATORS = Object.entries({
  ...TEXT_MUTATORS,
  ...SEGMENT_MUTATORS,
  ...SIGNATURE_MUTATORS,
  ...JSON_MUTATORS,
});
const KEPT = 20;

/** Mutates good tokens and holds what is made of them against an oracle of its own. */
export async function runCampaign(stage: Stage, options: CampaignOptions): Promise<CampaignReport> {
  const { iterations, seed, serviceShare, onProgress } = options;
  const random = createRandom(seed);
  const corpus = await collectCorpus(stage);
  const forger = await createForger(stage, random);
  const shop: Workshop = { random, corpus, forger };
  const read = await openReaders(stage);
  const service = createServiceTarget(stage, random);
  const verdicts = new Map<string, number>();
  const natures = new Map<Nature, number>();
  const falseAccepts: string[] = [];
  const falseRefusals: string[] = [];
  const crashes: string[] = [];
  let worst = { ms: 0, by: '', length: 0 };
  const startedAtMs = performance.now();

  for (let done = 0; done < iterations; done += 1) {
    const [by, mutate] = random.pick(MUTATORS);
    const made = mutate(shop, random.pick(corpus.seeds));
    const token = random.chance(0.05) ? alter(random, made, 1) : made;
    const nature = natureOf(token, forger.takeSigned(), corpus, ISSUER);
    natures.set(nature, (natures.get(nature) ?? 0) + 1);
    const beganAtMs = performance.now();
    try {
      const { verdict, accepted } = await read(token);
      const firstMs = performance.now() - beganAtMs;
      if (firstMs > worst.ms) {
        const ms = Math.min(firstMs, await timeOf(read, token), await timeOf(read, token));
        if (ms > worst.ms) worst = { ms, by, length: token.length };
      }
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      const note = accepted ? falseAccepts : falseRefusals;
      if (accepted !== (nature !== 'forged')) keep(note, `${by}: ${token}`);
    } catch (error) {
      keep(crashes, `${by}: ${error instanceof Error ? error.stack : error}: ${token}`);
    }
    if (random.chance(serviceShare)) {
      await service.present({ token, nature, active: corpus.active.has(token) });
    }
    if (done % 10_000 === 0) onProgress?.(done);
  }
  await service.flush();
  return {
    iterations,
    seed,
    elapsedMs: performance.now() - startedAtMs,
    verdicts,
    natures,
    falseAccepts: [...falseAccepts, ...service.report.wrong],
    falseRefusals,
    crashes,
    worst,
    service: service.report.answers,
  };
}

/** Once more, to tell a slow input from a garbage collection or a busy machine. */
async function timeOf(read: (token: string) => Promise<unknown>, token: string): Promise<number> {
  const beganAtMs = performance.now();
  await read(token);
  return performance.now() - beganAtMs;
}

function keep(list: string[], line: string): void {
  if (list.length < KEPT) list.push(line);
}
