import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from '../security/tokens/stage.ts';
import { runCampaign } from './campaign.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

test('of 20,000 mutated tokens none is accepted, none crashes a reader and no good one is refused', async () => {
  const seed = Date.now() >>> 0;
  const report = await runCampaign(stage, { iterations: 20_000, seed, serviceShare: 0.1 });
  const { falseAccepts, falseRefusals, crashes, natures } = report;
  expect({ seed, falseAccepts, falseRefusals, crashes }).toEqual({
    seed,
    falseAccepts: [],
    falseRefusals: [],
    crashes: [],
  });
  // Proof that the mutants come close: some are good tokens again, and are taken for it.
  for (const nature of ['identical', 'twin', 'genuine', 'forged'] as const) {
    expect(natures.get(nature)).toBeGreaterThan(50);
  }
});
