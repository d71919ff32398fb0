import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { writeRequests } from '../load/http-request.ts';
import { runReplay } from '../load/replay.ts';
import { runWrk } from '../load/wrk.ts';
import type { Contender } from './contender.ts';

/** A server to put under load. */
export interface Served {
  readonly pid: number;
  readonly origin: string;
}

/** Connections of a closed loop: enough to keep any of the servers busy. */
export const CONNECTIONS = 32;

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
  { pid, origin }: Served,
  file: string,
  { connections = CONNECTIONS, callsPerRequest = 1 } = {},
): Contender {
  return {
    name,
    pid,
    callsPerRequest,
    load: (seconds) =>
      runWrk({ cpus: lab.cpus.load, origin, requestFile: file, connections, seconds }),
  };
}

/** As many calls as the server takes, each request sent once. */
export function onceContender(
  lab: Lab,
  name: string,
  { pid, origin }: Served,
  file: string,
): Contender {
  let skip = 0;
  return {
    name,
    pid,
    async load(seconds) {
      const plan = { origin, requestFile: file, once: true, connections: CONNECTIONS, seconds };
      const result = await runReplay(lab.cpus.load, { ...plan, skip });
      skip += result.calls + result.failed;
      return result;
    },
  };
}
