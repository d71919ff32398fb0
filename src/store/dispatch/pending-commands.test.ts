import { expect, test } from 'vitest';
import { SignumError } from '../../domain/errors.ts';
import type { CircuitBreaker } from '../client/circuit-breaker.ts';
import { type Flight, Flights, LANDED } from './pending-commands.ts';

interface Settled {
  readonly flight: Flight<unknown>;
  readonly reasons: string[];
}

function flightUntil(deadlineAtMs: number): Settled {
  const reasons: string[] = [];
  const flight: Flight<unknown> = {
    kind: 'read',
    deadlineAtMs,
    resolve: () => undefined,
    reject: ({ reason }) => reasons.push(reason),
    breaker: undefined,
    givenUpAtMs: Number.POSITIVE_INFINITY,
    index: LANDED,
  };
  return { flight, reasons };
}

function taken(flights: Flights, deadlines: readonly number[]): Settled[] {
  const all = deadlines.map(flightUntil);
  for (const { flight } of all) expect(flights.takeOff(flight)).toBe(true);
  return all;
}

const bounds = { read: 4, batch: 1, list: 1, write: 1, mark: 1, own: 1 };

test('a flight lands once, in whatever order', () => {
  const flights = new Flights(bounds);
  const all = taken(flights, [1, 1, 1, 1]);
  for (const i of [1, 3, 0, 2]) {
    const { flight } = all[i] as Settled;
    expect(flights.isUnderWay(flight)).toBe(true);
    expect(flights.land(flight)).toBe(true);
    expect(flights.isUnderWay(flight)).toBe(false);
    expect(flights.land(flight)).toBe(false);
  }
  expect(flights.isEmpty).toBe(true);
});

test('one flight more than there may be is refused, until another has landed', () => {
  const flights = new Flights(bounds);
  const [first] = taken(flights, [1, 1, 1, 1]) as [Settled];
  const { flight, reasons } = flightUntil(1);
  expect(flights.takeOff(flight)).toBe(false);
  expect(flights.isUnderWay(flight)).toBe(false);
  expect(reasons).toEqual(['OVERLOADED']);
  flights.land(first.flight);
  expect(flights.takeOff(flight)).toBe(true);
});

test('every flight whose deadline has passed is ended, and no other', () => {
  const flights = new Flights(bounds);
  const all = taken(flights, [10, 30, 20, 10]);
  flights.tick(20);
  expect(all.map(({ reasons }) => reasons)).toEqual([
    ['DEADLINE_EXCEEDED'],
    [],
    ['DEADLINE_EXCEEDED'],
    ['DEADLINE_EXCEEDED'],
  ]);
  expect(all.map(({ flight }) => flights.isUnderWay(flight))).toEqual([false, true, false, false]);
});

test('every flight that waits for a dead connection is ended, and no other', () => {
  const flights = new Flights(bounds);
  const dead = {} as CircuitBreaker;
  const all = taken(flights, [1, 1, 1, 1]);
  for (const i of [0, 3]) (all[i] as Settled).flight.breaker = dead;
  flights.endAll(dead, new SignumError('STORE_UNAVAILABLE', 'gone'));
  expect(all.map(({ reasons }) => reasons)).toEqual([
    ['STORE_UNAVAILABLE'],
    [],
    [],
    ['STORE_UNAVAILABLE'],
  ]);
});
