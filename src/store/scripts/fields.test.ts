import { expect, test } from 'vitest';
import { CLAIM_LETTERS } from './claims.ts';
import { FIELD, inlineFields } from './fields.ts';
import { SCRIPTS } from './script.ts';

test('no two fields of a session share a name in Redis', () => {
  const { aud: _, ...others } = FIELD;
  const names = [...Object.values(others), ...CLAIM_LETTERS];
  expect(new Set(names).size).toBe(names.length);
});

test('scripts name fields as Redis knows them', () => {
  expect(inlineFields("redis.call('HMGET', key, FIELD.sid, FIELD.rexp)")).toBe(
    `redis.call('HMGET', key, '${FIELD.sid}', '${FIELD.rexp}')`,
  );
  for (const { name, source } of Object.values(SCRIPTS)) expect(source, name).not.toMatch(/FIELD/);
});

test('a script that names a field which no session has is refused', () => {
  expect(() => inlineFields('FIELD.email')).toThrow('email');
});
