import { expect, test } from 'vitest';
import { SignumError } from '../../domain/errors.ts';
import type { CircuitBreaker } from '../client/circuit-breaker.ts';
import { NOT_PENDING, type PendingCommand, PendingCommands } from './pending-commands.ts';

interface Settled {
  readonly command: PendingCommand<unknown>;
  readonly reasons: string[];
}

function commandUntil(deadlineAtMs: number): Settled {
  const reasons: string[] = [];
  const command: PendingCommand<unknown> = {
    kind: 'read',
    deadlineAtMs,
    resolve: () => undefined,
    reject: ({ reason }) => reasons.push(reason),
    breaker: undefined,
    givenUpAtMs: Number.POSITIVE_INFINITY,
    index: NOT_PENDING,
  };
  return { command, reasons };
}

function taken(pending: PendingCommands, deadlines: readonly number[]): Settled[] {
  const all = deadlines.map(commandUntil);
  for (const { command } of all) expect(pending.add(command)).toBe(true);
  return all;
}

const bounds = { read: 4, batch: 1, list: 1, write: 1, mark: 1, own: 1 };

test('a command is removed once, in whatever order', () => {
  const pending = new PendingCommands(bounds);
  const all = taken(pending, [1, 1, 1, 1]);
  for (const i of [1, 3, 0, 2]) {
    const { command } = all[i] as Settled;
    expect(pending.has(command)).toBe(true);
    expect(pending.remove(command)).toBe(true);
    expect(pending.has(command)).toBe(false);
    expect(pending.remove(command)).toBe(false);
  }
  expect(pending.isEmpty).toBe(true);
});

test('one command more than there may be is refused, until another has gone', () => {
  const pending = new PendingCommands(bounds);
  const [first] = taken(pending, [1, 1, 1, 1]) as [Settled];
  const { command, reasons } = commandUntil(1);
  expect(pending.add(command)).toBe(false);
  expect(pending.has(command)).toBe(false);
  expect(reasons).toEqual(['OVERLOADED']);
  pending.remove(first.command);
  expect(pending.add(command)).toBe(true);
});

test('every command whose deadline has passed is ended, and no other', () => {
  const pending = new PendingCommands(bounds);
  const all = taken(pending, [10, 30, 20, 10]);
  pending.tick(20);
  expect(all.map(({ reasons }) => reasons)).toEqual([
    ['DEADLINE_EXCEEDED'],
    [],
    ['DEADLINE_EXCEEDED'],
    ['DEADLINE_EXCEEDED'],
  ]);
  expect(all.map(({ command }) => pending.has(command))).toEqual([false, true, false, false]);
});

test('every command that waits for a dead connection is ended, and no other', () => {
  const pending = new PendingCommands(bounds);
  const dead = {} as CircuitBreaker;
  const all = taken(pending, [1, 1, 1, 1]);
  for (const i of [0, 3]) (all[i] as Settled).command.breaker = dead;
  pending.endAll(dead, new SignumError('STORE_UNAVAILABLE', 'gone'));
  expect(all.map(({ reasons }) => reasons)).toEqual([
    ['STORE_UNAVAILABLE'],
    [],
    [],
    ['STORE_UNAVAILABLE'],
  ]);
});
