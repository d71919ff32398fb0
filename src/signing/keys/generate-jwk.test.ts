import { ALGORITHMS } from '@signum/token';
import { expect, test } from 'vitest';
import { generateJwk } from './generate-jwk.ts';
import { keyIdOf } from './key-id.ts';

test.each(ALGORITHMS)(
  'the id of a new %s key is short and follows from the key',
  async (algorithm) => {
    const { kid, ...jwk } = await generateJwk(algorithm);
    expect(kid).toMatch(/^[\w-]{16}$/);
    expect((await keyIdOf(jwk)).startsWith(kid)).toBe(true);
  },
);
