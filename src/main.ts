#!/usr/bin/env node
import type { Cli } from './cli/cli.ts';
import { leaveAfterOutput, onOutputLost } from './cli/output/process-output.ts';
import { run } from './cli/run.ts';
import { processEnvironment } from './config/process-environment.ts';

// Node would open a debugger, to which everything in the process lies open.
process.on('SIGUSR1', () => {});

const cli: Cli = {
  env: processEnvironment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
  exitCode: 0,
  isService: false,
};
onOutputLost(cli);

process.exitCode = await run(cli, process.argv.slice(2));
if (cli.isService) await leaveAfterOutput(cli);
