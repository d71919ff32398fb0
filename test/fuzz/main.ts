import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedis } from '../../src/dev/redis-process.ts';
import { openStage } from '../security/tokens/stage.ts';
import { type CampaignReport, runCampaign } from './campaign.ts';

const USAGE = `Usage: npm run fuzz -- [--iterations N] [--seed S] [--service-share P]

Mutates good tokens and shows them to the real readers and verifiers, with real keys of every
algorithm, and a share of them to a running server with a Redis of its own.
The same seed makes the same choices; keys and tokens are new each time, so what fails is printed.
Exits 1 if anything but a good token is accepted, a good one refused, or a reader crashes.
`;

const { values } = parseArgs({
  options: {
    iterations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
    'service-share': { type: 'string', default: '0.05' },
    help: { type: 'boolean', default: false },
  },
});
const iterations = Number(values.iterations);
const seed = Number(values.seed);
const serviceShare = Number(values['service-share']);
const valid =
  Number.isSafeInteger(iterations) &&
  iterations > 0 &&
  Number.isSafeInteger(seed) &&
  serviceShare >= 0;
if (values.help || !valid) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const dir = mkdtempSync(join(tmpdir(), 'signum-fuzz-'));
const redis = await startRedis({ dir });
try {
  // Longer than any campaign: the corpus must not expire under way.
  const stage = await openStage({ SIGNUM_REDIS_URL: redis.url, SIGNUM_ACCESS_LIFETIME: '24h' });
  try {
    const onProgress = (done: number) => process.stderr.write(`\r${done} of ${iterations}`);
    const report = await runCampaign(stage, { iterations, seed, serviceShare, onProgress });
    process.stderr.write('\r');
    process.exitCode = print(report);
  } finally {
    await stage.close();
  }
} finally {
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
}

/** Answers the exit code. */
function print(report: CampaignReport): number {
  const { falseAccepts, falseRefusals, crashes, worst, elapsedMs } = report;
  const perSecond = Math.round(report.iterations / (elapsedMs / 1_000));
  const seconds = (elapsedMs / 1_000).toFixed(1);
  console.log(
    `${report.iterations} mutants, seed ${report.seed}, in ${seconds} s (${perSecond}/s)\n`,
  );
  table('What they were', report.natures);
  table('What the readers said', report.verdicts);
  table('What the service said', report.service);
  console.log(`Worst reading: ${worst.ms.toFixed(2)} ms (${worst.by}, ${worst.length} characters)`);
  console.log(
    'A twin is the other signature that ECDSA has for the same token: its ids, and so its state, are',
  );
  console.log("the token's own. Nothing else that differs from a good token may be accepted.\n");
  for (const [name, list] of Object.entries({ falseAccepts, falseRefusals, crashes })) {
    console.log(`${name}: ${list.length}`);
    for (const line of list) console.log(`  ${line}`);
  }
  return falseAccepts.length + falseRefusals.length + crashes.length === 0 ? 0 : 1;
}

function table(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(title);
  for (const [name, count] of [...counts].toSorted((a, b) => b[1] - a[1])) {
    console.log(`  ${String(count).padStart(9)}  ${name}`);
  }
  console.log();
}
