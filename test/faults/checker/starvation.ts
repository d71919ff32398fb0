import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const SAMPLE_MS = 25;

/** How long processes have waited for a processor, which is nobody's doing but the machine's. */
export interface Starvation {
  /** The longest that one of them has waited between two moments, in milliseconds. */
  waitedMs(fromMs: number, toMs: number): number;
}

/** Watches the main threads of processes until told to stop. */
export function watchStarvation(
  processes: readonly { readonly pid: number | undefined }[],
  isOver: () => boolean,
): Starvation {
  const samples: { readonly atMs: number; readonly waitedMs: readonly number[] }[] = [];
  const sample = () => {
    const waited = processes.map(({ pid }) => waitedForProcessorMs(pid));
    samples.push({ atMs: performance.now(), waitedMs: waited });
  };
  sample();
  void (async () => {
    for (; !isOver(); await sleep(SAMPLE_MS)) sample();
    sample();
  })();
  return {
    waitedMs(fromMs, toMs) {
      const first = samples.findLast(({ atMs }) => atMs <= fromMs) ?? samples[0];
      const last = samples.find(({ atMs }) => atMs >= toMs) ?? samples.at(-1);
      const waited = last?.waitedMs.map((ms, i) => ms - (first?.waitedMs[i] ?? 0)) ?? [];
      return Math.max(0, ...waited);
    },
  };
}

/** Since a process began, of its main thread; 0 where the system does not tell. */
export function waitedForProcessorMs(pid: number | undefined): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return 0;
  }
}
