// `npm test`: sets the machine up, runs every check and then vitest, and adds up the results.
// Arguments go to vitest. The last line is `N passed, N failed` with `, N skipped` where needed.
import { installTools } from '../test/setup/install-tools.ts';
import { CHECKS } from './checks.js';
import { runVitest } from './vitest.js';

const total = { passed: 0, failed: 0, skipped: 0 };

installTools();
for (const check of CHECKS) await report(check);
heading('Tests');
const tests = runVitest(process.argv.slice(2));
for (const outcome of Object.keys(total)) total[outcome] += tests[outcome];

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function report({ name, run }) {
  heading(name);
  const startedAtMs = Date.now();
  const { outcome, detail } = await attempt(run);
  if (detail) console.log(detail);
  console.log(`${outcome} in ${((Date.now() - startedAtMs) / 1_000).toFixed(1)} s`);
  total[outcome] += 1;
}

/** A check that throws has failed; the ones after it still run. */
async function attempt(run) {
  try {
    return await run();
  } catch (error) {
    return { outcome: 'failed', detail: error.stack };
  }
}

function heading(text) {
  console.log(`\n== ${text}`);
}
