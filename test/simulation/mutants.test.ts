import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PROTOCOL_MUTANTS } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A few times what the one takes that is found last. */
const SCHEDULES = 12_000;

test.each(PROTOCOL_MUTANTS.map(({ name, why }) => ({ name, why })))(
  'the simulation finds it when $why',
  { timeout: 600_000 },
  async ({ name }) => {
    const child = spawn(
      process.execPath,
      [
        ...['--import', './test/faults/checker/mutate.ts', 'test/simulation/main.ts'],
        ...['--schedules', String(SCHEDULES), '--workers', '1'],
      ],
      { cwd: ROOT, env: { ...process.env, MUTANT: name } },
    );
    const [output, complaint, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect(complaint).toBe('');
    expect(output).toMatch(/^Schedule \d+: broke "/m);
    expect(code).toBe(1);
  },
);
