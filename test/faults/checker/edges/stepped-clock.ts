import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libfaketime } from '../../../setup/tools.ts';

/** The time of day of one process, which can be set; its monotonic clock is the machine's. */
export interface SteppedClock {
  /** What the process is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Such as `+1h`, `-20` (seconds) or `+0`. */
  set(offset: string): void;
}

/** Undefined where libfaketime is not installed. */
export function steppedClock(dir: string, name: string): SteppedClock | undefined {
  const library = libfaketime();
  if (library === undefined) return undefined;
  const file = join(dir, `clock-${name}`);
  const set = (offset: string) => writeFileSync(file, `${offset}\n`);
  set('+0');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    // It looks at the file once a second.
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  return { env, set };
}
