import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { TopologyName } from './rig.ts';
import type { SignumProcess } from './signum-process.ts';
import { watchStarvation } from './starvation.ts';
import { type Answer, steadyLoad } from './steady-load.ts';
import { quantile } from './stopped.ts';
import { withServers } from './with-servers.ts';

export interface FloodReport {
  readonly scenario: 'flood';
  readonly topology: TopologyName;
  readonly seconds: number;
  /** Requests of strangers that were answered, and bodies of theirs that were half sent. */
  readonly answered: number;
  readonly halfSent: number;
  /** Of callers who are known, at the server that is flooded: before, and meanwhile. */
  readonly p99BeforeMs: number;
  readonly p99Ms: number;
  /** Calls of theirs that failed because Redis or the server got no processor for too long. */
  readonly starved: number;
  /** Of the server that is flooded, in MiB: before, and at the most. */
  readonly rssBeforeMib: number;
  readonly rssMib: number;
  readonly violations: readonly string[];
}

const CLIENTS = 8;
/** Strangers that send large batches one after the other, and those that send them half. */
const SENDERS = 4;
const HOLDERS = 200;
/** For so long a server that waits for the rest would hold a body, in milliseconds. */
const HOLD_MS = 10_000;
const BODY_BYTES = 1_900_000;
const PATH = '/signum.v1.TokenService/BatchValidate';
/** What the server may grow by, in MiB; half of what the bodies would take that are half sent. */
const MOST_MIB = 180;

/**
 * A Redis that is silent for 250 ms is given up, and by then somebody has waited for it. If it waited itself
 * for a processor for a good part of that, it is the machine that is too small for all this.
 */
const STARVED_MS = 100;
const SILENCE_MS = 500;

/**
 * Strangers send batches of 1.9 MB of nothing, whole and half, to one of two servers, while callers who
 * are known go on. `seconds`: how long.
 */
export function runFlood(topology: TopologyName, seconds: number): Promise<FloodReport> {
  return withServers(topology, async ({ rig, servers }) => {
    const [target] = servers as [SignumProcess];
    const load = await steadyLoad([target], CLIENTS);
    await sleep(3_000);
    const before = load.answers.length;
    const rssBeforeMib = rssMib(target);
    const counts = { answered: 0, halfSent: 0 };
    let isOver = false;
    const starvation = watchStarvation([...rig.nodes, target], () => isOver);
    let most = rssBeforeMib;
    const body = Buffer.from(`{"items":[${'{},'.repeat(BODY_BYTES / 3)}{}]}`);

    const send = async () => {
      while (!isOver) if (await ask(target, body)) counts.answered += 1;
    };
    const hold = async (_: unknown, index: number) => {
      // One after the other: to open them all at once is another attack, of handshakes.
      await sleep((index * HOLD_MS) / HOLDERS);
      while (!isOver) {
        const socket = await sendHalf(target, body);
        counts.halfSent += 1;
        await new Promise<void>((resolve) => {
          const timer = setInterval(() => isOver && socket.destroy(), 100);
          socket.once('close', () => {
            clearInterval(timer);
            resolve();
          });
        });
        for (let waitedMs = 0; !isOver && waitedMs < HOLD_MS; waitedMs += 100) await sleep(100);
      }
    };
    const watch = async () => {
      for (; !isOver; await sleep(100)) most = Math.max(most, rssMib(target));
    };
    const running = [
      ...Array.from({ length: SENDERS }, send),
      ...Array.from({ length: HOLDERS }, hold),
      watch(),
    ];
    await sleep(seconds * 1_000);
    isOver = true;
    await Promise.all(running);
    await load.stop();
    const meanwhile = load.answers.slice(before);
    const isStarved = ({ failure, fromMs, toMs }: Answer) =>
      failure?.reason === 'STORE_UNAVAILABLE' &&
      starvation.waitedMs(fromMs - SILENCE_MS, toMs) > STARVED_MS;
    const starved = meanwhile.filter(isStarved);
    return {
      scenario: 'flood',
      topology,
      seconds,
      ...counts,
      p99BeforeMs: p99Of(load.answers.slice(0, before)),
      p99Ms: p99Of(meanwhile),
      rssBeforeMib,
      rssMib: most,
      starved: starved.length,
      violations: violationsIn(
        meanwhile.filter((answer) => !starved.includes(answer)),
        most - rssBeforeMib,
        counts.answered,
      ),
    };
  });
}

function violationsIn(answers: readonly Answer[], grownMib: number, answered: number): string[] {
  const failed = answers.filter(({ failure }) => failure !== undefined);
  const reasons = [...new Set(failed.map(({ failure }) => failure?.reason))].join(', ');
  return [
    ...(failed.length > 0 ? [`${failed.length} calls of known callers failed: ${reasons}`] : []),
    ...(grownMib > MOST_MIB ? [`the server has grown by ${grownMib} MiB`] : []),
    ...(answered === 0 ? ['no stranger was answered'] : []),
  ];
}

function p99Of(answers: readonly Answer[]): number {
  return quantile(
    answers.map(({ ms }) => ms),
    0.99,
  );
}

function rssMib({ pid }: SignumProcess): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

/** Whether there was an answer. */
function ask({ port, agent }: SignumProcess, body: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.byteLength };
    const { ca } = agent.options;
    const options = { port, ca, host: 'localhost', path: PATH, method: 'POST', headers };
    const outgoing = request({ ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 401);
      response.once('end', () => outgoing.destroy());
    });
    outgoing.once('error', () => resolve(false));
    outgoing.end(body);
  });
}

function sendHalf({ port, agent }: SignumProcess, body: Buffer): Promise<TLSSocket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', ca: agent.options.ca });
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => resolve(socket));
    socket.once('secureConnect', () => {
      const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
      socket.write(`${head}Content-Length: ${body.byteLength}\r\n\r\n`);
      socket.write(body.subarray(0, body.byteLength - 1), () => resolve(socket));
    });
  });
}
