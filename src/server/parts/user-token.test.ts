import { expect, test } from 'vitest';
import { NO_PROOF } from '../../domain/key-proof.ts';
import type { Validation } from '../../domain/verdict.ts';
import { createUserTokenCheck } from './user-token.ts';

const NOT_FOUND: Validation = { verdict: 'UNKNOWN', source: 'STORE', revision: 1 };

test('tokens presented as credentials are looked up only so many at once', async () => {
  const { promise, resolve } = Promise.withResolvers<Validation>();
  const check = createUserTokenCheck({ validate: () => promise }, 'api', 1_000);
  const under = Array.from({ length: 512 }, () => check('a.b.c', NO_PROOF));
  await expect(check('a.b.c', NO_PROOF)).rejects.toMatchObject({ reason: 'OVERLOADED' });
  resolve(NOT_FOUND);
  expect(await Promise.all(under)).toEqual(under.map(() => undefined));
  expect(await check('a.b.c', NO_PROOF)).toBeUndefined();
});
