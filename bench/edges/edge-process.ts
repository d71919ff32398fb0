// What the processes of this folder have in common.
import { readFileSync } from 'node:fs';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { connectEdge, type Edge } from '@signum/edge';
import type { EdgesPlan } from './run-edges.ts';

export function readPlan<Own>(): EdgesPlan & Own {
  return JSON.parse(process.argv[2] ?? '') as EdgesPlan & Own;
}

export function connect({ address, apiKey, caFile }: EdgesPlan, maxTokens?: number): Promise<Edge> {
  const credentials = { apiKey, ca: readFileSync(caFile) };
  return connectEdge({ address, credentials, waitMs: 120_000, maxTokens });
}

/** Tokens of a file, a line each, as bytes: a gateway gets each in a string of its own. */
export function readTokens(file: string): Buffer[] {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1'));
}

/** Has an edge know tokens, which must be good. */
export async function learn(edge: Edge, tokens: readonly Buffer[]): Promise<void> {
  for (const [i, token] of tokens.entries()) {
    const { verdict, active } = await edge.verify(token.toString('latin1'));
    if (!active) throw new Error(`a live token is ${verdict}`);
    if (i % 64 === 0) await turn();
  }
}

/** Begins something `count` times, so many a second, whether what was begun before has ended or not. */
export async function atRate(
  perSecond: number,
  count: number,
  begin: (index: number) => void,
): Promise<void> {
  const startedAt = performance.now();
  for (let i = 0; i < count; i += 1) {
    const dueAt = startedAt + (1_000 * i) / perSecond;
    if (dueAt > performance.now()) await delay(dueAt - performance.now());
    begin(i);
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Bytes that are in use, on the heap and beside it. */
export function bytesInUse(): number {
  for (let i = 0; i < 3; i += 1) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
