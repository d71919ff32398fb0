import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { writeRequests } from '../load/http-request.ts';
import { runWrk } from '../load/wrk.ts';
import type { Contender } from './contender.ts';

/** A server to put under load. */
export interface Served {
  readonly pid: number;
  /** Of what it asks, on the same CPU. */
  readonly otherPids?: readonly number[];
  readonly origin: string;
  /** What it has printed. */
  output?(): string;
}

/** Connections of a closed loop: enough to keep any of the servers busy with calls that only look up. */
const CONNECTIONS = 64;
/** The same for calls that write: they wait for Redis two or three times, one after the other. */
export const WRITING_CONNECTIONS = 128;

/** Writes requests to a file once, for any number of loads. */
export function requestFile(lab: Lab, name: string, requests: readonly Buffer[]): string {
  const file = join(lab.dir, `${name}.requests`);
  writeRequests(file, requests);
  return file;
}

/** As many calls as the server takes, of requests that may be sent again and again. */
export function httpContender(
  lab: Lab,
  name: string,
  { pid, otherPids = [], origin }: Served,
  file: string,
  { connections = CONNECTIONS, callsPerRequest = 1 } = {},
): Contender {
  return {
    name,
    pid,
    otherPids,
    callsPerRequest,
    load: (seconds) =>
      runWrk({ cpus: lab.cpus.load, origin, requestFile: file, connections, seconds }),
  };
}

/** As many calls as the server takes, each of the file's `count` requests sent once. */
export function onceContender(
  lab: Lab,
  name: string,
  { pid, origin }: Served,
  file: string,
  count: number,
): Contender {
  const connections = WRITING_CONNECTIONS;
  const options = { cpus: lab.cpus.load, origin, requestFile: file, connections };
  let skip = 0;
  return {
    name,
    pid,
    async load(seconds) {
      const result = await runWrk({ ...options, seconds, skip });
      // Those under way at the end were sent, and are not counted.
      skip += result.calls + connections;
      if (skip > count) throw new Error(`${name}: ${count} requests are not enough`);
      return result;
    },
  };
}
