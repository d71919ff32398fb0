import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ValidateRequestSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import { expect, test } from 'vitest';
import { type CheckMessage, createCheckMessage } from '../check-message.ts';
import { toValidateInput } from '../messages/validation.ts';
import { checkedInput } from './checked-input.ts';

type Request = MessageInitShape<typeof ValidateRequestSchema>;

const ids = {
  tenantId: 'acme',
  userId: 'u1',
  deviceId: 'phone',
  tokenId: '0190a1b2-c3d4-7e5f-8a9b-0123456789ab',
};
const subject = { case: 'ids', value: ids } as const;
const checkMessage = createCheckMessage();

test.each<[string, Request]>([
  ['ids', { subject }],
  ['a token', { subject: { case: 'token', value: 'x' } }],
  ['an audience', { subject, audience: 'api' }],
  ['a revision', { subject, minRevision: 7n }],
  ['scopes', { subject, requiredScopes: ['read'] }],
])('a request with %s asks for the same, whether it is looked at closely or not', (_what, init) => {
  const request = create(ValidateRequestSchema, init);
  const input = checkedInput(request, checkMessage);
  expect(input).toStrictEqual(toValidateInput(request, false));
});

test.each<[string, Request]>([
  ['no subject', {}],
  ['an empty id', { subject: { case: 'ids', value: { ...ids, userId: '' } } }],
  [
    'an id that is too long',
    { subject: { case: 'ids', value: { ...ids, userId: 'ß'.repeat(129) } } },
  ],
  ['half a character', { subject: { case: 'ids', value: { ...ids, userId: '\ud800' } } }],
  [
    'an upper-case UUID',
    { subject: { case: 'ids', value: { ...ids, tokenId: ids.tokenId.toUpperCase() } } },
  ],
  ['an empty scope', { subject, requiredScopes: [''] }],
  ['an audience that is too long', { subject, audience: 'x'.repeat(257) }],
  ['a revision that never was', { subject, minRevision: 2n ** 53n }],
])('a request with %s is refused', (_what, init) => {
  const request = create(ValidateRequestSchema, init);
  expect(() => checkedInput(request, checkMessage)).toThrow(
    expect.objectContaining({ reason: 'INVALID_FIELD' }),
  );
});

test('a plain request needs no check of the whole message', () => {
  const never: CheckMessage = () => {
    throw new Error('checked');
  };
  expect(checkedInput(create(ValidateRequestSchema, { subject }), never).subject).toEqual({ ids });
});
