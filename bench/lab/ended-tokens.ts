import { uuidv7 } from 'uuidv7';
import { loadScript } from '../../src/store/scripts/script.ts';
import type { Store } from '../../src/store/store.ts';

const END = loadScript('../bench/lab/end_tokens');
/** In a call of the script. */
const BATCH = 500;
const CONCURRENCY = 8;
const LIFE_MS = 12 * 3_600_000;
const FOREVER = { deadlineAtMs: Number.MAX_SAFE_INTEGER };

/** Ends so many tokens, spread over the partitions, without a server and its signatures in between. */
export async function endTokens({ runner, keyspace }: Store, count: number): Promise<void> {
  const { partitions } = keyspace;
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const { watermarks, revision, feed, channel } = partitions[
        Math.floor(begun / BATCH) % partitions.length
      ] as (typeof partitions)[number];
      const ids = Array.from({ length: Math.min(BATCH, count - begun) }, uuidv7);
      begun += ids.length;
      const keys = [watermarks, revision, feed, channel];
      await runner.run(END, keys, [LIFE_MS, 'acme:ada:phone', LIFE_MS, ...ids], FOREVER);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
