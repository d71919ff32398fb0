import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { Tokens } from './issued.ts';

export interface Line {
  readonly v: number;
  readonly event: string;
  readonly outcome: string;
  readonly caller: string;
  readonly request_id?: string;
  readonly tenant_id?: string;
  readonly user_id?: string;
  readonly session_id?: string;
  readonly method?: string;
  readonly reason?: string;
  readonly count?: number;
}

/** A trail in a file of its own. */
export interface Trail {
  readonly file: string;
  lines(): Line[];
  /** The lines that something brings, all of them and no others. */
  linesOf(tokens: Tokens, action: () => Promise<unknown>): Promise<Line[]>;
  remove(): void;
}

export function newTrail(): Trail {
  const folder = mkdtempSync(join(tmpdir(), 'signum-audit-'));
  const file = join(folder, 'audit.jsonl');
  let markers = 0;
  const lines = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  /** Where the line of a call stands that is made now: whatever was before it is before it there. */
  const mark = async (tokens: Tokens) => {
    markers += 1;
    const userId = `marker-${markers}`;
    await tokens.revokeUser({ tenantId: 'markers', userId });
    const at = () => lines().findIndex(({ user_id }) => user_id === userId);
    await vi.waitFor(() => expect(at()).toBeGreaterThanOrEqual(0), { timeout: 15_000 });
    return at();
  };
  return {
    file,
    lines,
    async linesOf(tokens, action) {
      const from = await mark(tokens);
      await action();
      const to = await mark(tokens);
      return lines().slice(from + 1, to);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
