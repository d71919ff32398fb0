import type { Environment } from './find-raw.ts';

/** The process' environment, for the command line to pass on. */
export function processEnvironment(): Environment {
  return process.env;
}
