import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret is revealed on demand only', () => {
  const secret = new Secret('hunter2');
  expect(secret.reveal()).toBe('hunter2');
  const seen = [
    String(secret),
    `${secret}`,
    inspect(secret),
    inspect({ deep: [secret] }, { showHidden: true, depth: null }),
    format('%s %o %j', secret, secret, secret),
    JSON.stringify({ secret }),
    JSON.stringify(structuredClone({ ...secret })),
  ];
  expect(seen.join()).not.toContain('hunter2');
  expect(seen.slice(0, 3)).toEqual(['[redacted]', '[redacted]', '[redacted]']);
});
