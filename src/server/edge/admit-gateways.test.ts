import { expect, test } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createGatewayAdmission } from './admit-gateways.ts';

const shown = (key: string) => ({ authorization: `Bearer ${key}`, certificateNames: [] });
const invalid = expect.objectContaining({ reason: 'CREDENTIAL_INVALID' });

test('a gateway may ask by each of the keys, as often as it shows it, and by no other', () => {
  const { authenticate } = createGatewayAdmission({
    keys: [new Secret('old'), new Secret('new')],
    byCertificate: false,
  });
  for (const key of ['old', 'new', 'old', 'new']) {
    expect(authenticate(shown(key))).toMatchObject({ kind: 'service', name: 'gateway' });
  }
  for (const key of ['', 'ol', 'old ', 'older', 'NEW']) {
    expect(() => authenticate(shown(key))).toThrow(invalid);
  }
});

test('a key that has been good is refused as soon as another takes its place', () => {
  const { authenticate, useKeys } = createGatewayAdmission({
    keys: [new Secret('old')],
    byCertificate: false,
  });
  expect(authenticate(shown('old'))).toMatchObject({ name: 'gateway' });
  useKeys([new Secret('new')]);
  expect(() => authenticate(shown('old'))).toThrow(invalid);
  expect(authenticate(shown('new'))).toMatchObject({ name: 'gateway' });
});
