import { CLOCK_DRIFT } from '../../src/revocations/core/lease-terms.ts';
import { Random } from '../faults/checker/random.ts';

/** One run: what happens next, in true time, and by which numbers. */
export interface World {
  readonly random: Random;
  /** How long a message takes at most, each way. */
  readonly slowestMs: number;
  /** True time in milliseconds; no actor knows it. */
  now(): number;
  /** Does something after a while. */
  after(delayMs: number, act: () => void): void;
  /** Does something at a moment. */
  at(atMs: number, act: () => void): void;
  /** Lets everything happen that happens up to a moment. */
  runUntil(atMs: number): void;
  /** Notes a step, for when the schedule has to be read. */
  note(step: () => string): void;
  readonly steps: readonly string[];
}

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

export function createWorld(seed: number, { keepSteps }: { readonly keepSteps: boolean }): World {
  const random = new Random(seed);
  const tasks: Task[] = [];
  const steps: string[] = [];
  let nowMs = 0;
  let order = 0;

  function at(atMs: number, act: () => void): void {
    order += 1;
    push(tasks, { atMs, order, act });
  }

  return {
    random,
    slowestMs: random.pick([120, 120, 4, 0.1]),
    now: () => nowMs,
    after: (delayMs, act) => at(nowMs + delayMs, act),
    at,
    runUntil(atMs) {
      for (let next = tasks[0]; next !== undefined && next.atMs <= atMs; next = tasks[0]) {
        pop(tasks);
        // Somebody may have let time pass while doing something.
        nowMs = Math.max(nowMs, next.atMs);
        next.act();
      }
      nowMs = Math.max(nowMs, atMs);
    },
    note(step) {
      if (keepSteps) steps.push(`${nowMs.toFixed(1).padStart(8)} ${step()}`);
    },
    steps,
  };
}

/** A clock that runs at a rate of its own, and can be made to stand still or to jump. */
export interface SimulatedClock {
  monotonicMs(): number;
  wallMs(): number;
  uptimeMs(): number;
  /** The machine sleeps: only the monotonic clock stands still. */
  sleptFor(durationMs: number): void;
  /** Somebody sets the time of day. */
  setBy(differenceMs: number): void;
  readonly uptimeStepMs: number;
}

export function createClock(world: World): SimulatedClock {
  const { random } = world;
  const rate = 1 + CLOCK_DRIFT * (2 * random.next() - 1) * 0.999;
  const bootMs = random.between(0, 1_000_000);
  let asleepMs = 0;
  let wallOffsetMs = random.between(0, 1_000_000);
  const awake = () => bootMs + rate * world.now();
  return {
    monotonicMs: () => awake() - asleepMs,
    wallMs: () => awake() + wallOffsetMs,
    uptimeMs: awake,
    sleptFor(durationMs) {
      asleepMs += rate * durationMs;
    },
    setBy(differenceMs) {
      wallOffsetMs += differenceMs;
    },
    uptimeStepMs: 10,
  };
}

/** A connection in one direction: it delays, and keeps the order; what is cut off never arrives. */
export interface Channel {
  send(deliver: () => void): void;
  cut(): void;
}

export function createChannel(world: World): Channel {
  let isCut = false;
  let lastMs = 0;
  return {
    send(deliver) {
      // Mostly quick, at times as slow as it gets.
      const delayMs = world.random.next() ** 3 * world.slowestMs;
      lastMs = Math.max(lastMs, world.now() + delayMs);
      world.at(lastMs, () => {
        if (!isCut) deliver();
      });
    },
    cut() {
      isCut = true;
    },
  };
}

/** A binary heap by time, then by order. */
function push(heap: Task[], task: Task): void {
  let at = heap.push(task) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(task, heap[parent] as Task)) break;
    heap[at] = heap[parent] as Task;
    at = parent;
  }
  heap[at] = task;
}

function pop(heap: Task[]): void {
  const last = heap.pop() as Task;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Task, heap[child] as Task)) child += 1;
    if (!before(heap[child] as Task, last)) break;
    heap[at] = heap[child] as Task;
    at = child;
  }
  heap[at] = last;
}

function before(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
