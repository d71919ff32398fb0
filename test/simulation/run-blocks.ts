import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { runSchedule } from './run-schedule.ts';

/** What came of schedules with consecutive seeds. */
export interface Block {
  readonly ran: number;
  readonly accepted: number;
  readonly fenced: number;
  /** The first seed that broke a rule; those after it were not run. */
  readonly broken: number | undefined;
}

const WORKER = new URL('./worker.ts', import.meta.url);
/** Schedules that a worker is given at a time: some seconds' work. */
const BLOCK = 1_000;

export function runBlock(first: number, end: number): Block {
  const block = { ran: 0, accepted: 0, fenced: 0 };
  for (let seed = first; seed < end; seed += 1) {
    const { accepted, fenced, violations } = runSchedule(seed);
    block.ran += 1;
    block.accepted += accepted;
    block.fenced += fenced;
    if (violations.length > 0) return { ...block, broken: seed };
  }
  return { ...block, broken: undefined };
}

/**
 * Has processes run schedules, a block each at a time, and tells what came of each block. After one that
 * broke a rule no more are begun; those that have been are told still, so that the first of all is known.
 */
export async function* runBlocks(
  seeds: { readonly first: number; readonly end: number },
  workers: number,
): AsyncGenerator<Block> {
  let next = seeds.first;
  const give = (worker: ChildProcess) => {
    const end = Math.min(seeds.end, next + BLOCK);
    worker.send([next, end]);
    next = end;
  };
  const all = Array.from({ length: Math.min(workers, (seeds.end - next) / BLOCK + 1) }, () =>
    fork(WORKER),
  );
  const follow = async function* (worker: ChildProcess): AsyncGenerator<Block> {
    const ended = once(worker, 'exit').then(([code]) => {
      throw new Error(`a worker ended with ${code}`);
    });
    ended.catch(() => undefined);
    const answers = on(worker, 'message');
    while (next < seeds.end) {
      give(worker);
      const { value } = await Promise.race([answers.next(), ended]);
      const [block] = value as [Block];
      if (block.broken !== undefined) next = seeds.end;
      yield block;
    }
  };
  try {
    yield* merge(all.map(follow));
  } finally {
    for (const worker of all) worker.kill();
  }
}

/** What any of them tells, as it comes. */
async function* merge<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const take = async (source: AsyncGenerator<T>) => ({ source, result: await source.next() });
  const waiting = new Map(sources.map((source) => [source, take(source)]));
  while (waiting.size > 0) {
    const { source, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(source);
    else {
      // It goes on before what it told is looked at.
      waiting.set(source, take(source));
      yield result.value;
    }
  }
}
