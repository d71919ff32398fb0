// What every npm script calls. Plain JavaScript without dependencies, because it has to run on
// a fresh clone with whatever Node the machine has; everything after it runs on the pinned Node.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ensureDependencies, PINNED_NODE, ROOT } from './dependencies.js';

const COMMANDS = {
  start: ['src/main.ts', 'dev'],
  cli: ['src/main.ts'],
  test: ['scripts/test.js'],
  faults: ['test/faults/checker/main.ts'],
  fuzz: ['test/fuzz/main.ts'],
  simulate: ['test/simulation/main.ts'],
  example: ['examples/run/main.ts'],
  bench: ['bench/main.ts'],
  generate: ['scripts/generate.js'],
  docs: ['scripts/docs.ts'],
  build: ['scripts/build.js'],
  'build-packages': ['scripts/build-packages.js'],
  'release-contract': ['scripts/contract.js'],
  lint: ['node_modules/.bin/biome', 'check'],
  format: ['node_modules/.bin/biome', 'check', '--write'],
  typecheck: ['node_modules/.bin/tsc', '--noEmit'],
};

const REPEATED_SIGNAL_MS = 1_000;
const PARENT_POLL_MS = 500;

const [command, ...args] = process.argv.slice(2);
const target = COMMANDS[command];
if (!target) {
  console.error(`Usage: node scripts/run.js <${Object.keys(COMMANDS).join('|')}> [arguments]`);
  process.exit(2);
}

try {
  ensureDependencies();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
runOnPinnedNode([...target, ...args]);

/**
 * Runs in a process group of its own. Ctrl-C reaches this process twice, once from the terminal
 * and once forwarded by npm; the child must see it once, or it would take it for impatience.
 */
function runOnPinnedNode(argv) {
  // The channel ends with this process, however that ends: the server then stops.
  const stdio = ['inherit', 'inherit', 'inherit', ...(command === 'start' ? ['ipc'] : [])];
  const child = spawn(PINNED_NODE, argv, { cwd: ROOT, stdio, detached: true });
  const lastAtMs = new Map();
  const pass = (signal) => {
    const nowMs = Date.now();
    if (nowMs - (lastAtMs.get(signal) ?? 0) < REPEATED_SIGNAL_MS) return;
    lastAtMs.set(signal, nowMs);
    // Of the tests, each process has to stop; a server stops its own children after draining.
    process.kill(command === 'test' ? -child.pid : child.pid, signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => pass(signal));
  if (process.env.npm_lifecycle_event) whenParentGone(() => pass('SIGTERM'));
  child.on('error', (error) => {
    console.error(`Could not run ${PINNED_NODE}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

/** npm passes SIGTERM on to the shell that it starts this script with, and that keeps it to itself. */
function whenParentGone(stop) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_POLL_MS).unref();
}
