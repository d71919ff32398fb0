// Runs vitest with its usual output and counts the results from its JSON report.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './dependencies.js';

export function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'signum-vitest-'));
  try {
    const reportFile = join(folder, 'report.json');
    const { status } = spawnSync(
      process.execPath,
      [
        ...['node_modules/vitest/vitest.mjs', 'run'],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
        ...args,
      ],
      { cwd: ROOT, stdio: 'inherit' },
    );
    return count(reportFile, status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(reportFile, status) {
  const report = read(reportFile);
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A file that does not load and an unhandled rejection fail the run without failing a test.
  const brokenFiles = (report?.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(isFailed),
  ).length;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return { passed, skipped, failed: status === 0 ? failed : Math.max(failed, 1) };
}

function isFailed(test) {
  return test.status === 'failed';
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
