// `npm run bench`: measures the server against its limits and its peers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BenchOptions, parseOptions, USAGE } from './options.ts';
import { writePerformanceDocs } from './report/performance-doc.ts';
import { runBench } from './run-bench.ts';
import { choose, NAMES } from './scenarios/scenarios.ts';

const argv = process.argv.slice(2);
const options = read();
if (options) {
  const chosen = choose(options.scenarios);
  const command = ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ');
  const results = await runBench(options, chosen, command, (line) => console.log(line));
  if (options.json) {
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  if (options.docs) writePerformanceDocs(results);
}

function read(): BenchOptions | undefined {
  if (argv.includes('--help')) {
    console.log(`${USAGE}\n\nScenarios: ${NAMES.join(', ')}`);
    return undefined;
  }
  try {
    return parseOptions(argv, NAMES);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}
