#!/usr/bin/env node
import type { Cli } from './cli/cli.ts';
import { run } from './cli/run.ts';
import { processEnvironment } from './config/process-environment.ts';

const cli: Cli = {
  env: processEnvironment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
  exitCode: 0,
};

// `signum sessions | head`: the reader has seen enough, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(cli, process.argv.slice(2));
