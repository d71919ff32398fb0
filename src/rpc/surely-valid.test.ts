import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  setExtension,
} from '@bufbuild/protobuf';
import {
  FeatureSet_FieldPresence,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { createValidator } from '@bufbuild/protovalidate';
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryInit } from '../../test/differential/arbitrary-message.ts';
import { createCheckOf, surelyValid } from './check-message.ts';
import { SERVICES } from './rpc.ts';

const METHODS = [...new Set([...SERVICES, FeedService])].flatMap(
  ({ methods }) => methods as readonly DescMethod[],
);
const validator = createValidator();

test.each(METHODS.map(({ name, input }) => [name, input] as const))(
  'no request of %s that is surely valid breaks a rule of the contract',
  (_name, input) => {
    const isSurelyValid = surelyValid(input);
    fc.assert(
      fc.property(arbitraryInit(input), (init) => {
        const message = create(input, init as never);
        if (isSurelyValid(message)) {
          expect(validator.validate(input, message)).toMatchObject({ kind: 'valid' });
        }
      }),
      { numRuns: 200 },
    );
  },
);

const uuid = '0192f0c4-7b7e-7000-8000-000000000000';
const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const { issue, refresh, validate, revoke, revokeUser, listSessions } = TokenService.method;

/** What is usually asked for, and what breaks a rule of it. */
const USUAL: readonly (readonly [DescMethod, object, object])[] = [
  [issue, { device }, { device: { ...device, userId: '' } }],
  [issue, { device, scopes: ['read', 'write'] }, { device, scopes: ['read', 'read'] }],
  [issue, { device, scopes: ['read'] }, { device, scopes: ['re ad'] }],
  [issue, { device, requestId: uuid }, { device, requestId: 'x' }],
  [issue, { device, policy: 2 }, { device, policy: 9 }],
  [issue, { device, clientId: 'web' }, { device, clientId: 'ä' }],
  [issue, { device, metadata: { ip: '2001:db8::1' } }, { device, metadata: { ip: '1.2.3' } }],
  [issue, { device, metadata: { label: 'x' } }, { device, metadata: { label: 'x'.repeat(129) } }],
  [
    issue,
    { device, metadata: { attributes: { a: 'b' } } },
    { device, metadata: { attributes: { '': 'b' } } },
  ],
  [
    issue,
    { device, accessLifetime: { seconds: 600n } },
    { device, accessLifetime: { seconds: 0n, nanos: 5 } },
  ],
  [issue, { device }, {}],
  [refresh, { refreshToken: 'x'.repeat(600) }, { refreshToken: '' }],
  [refresh, { refreshToken: 'x' }, { refreshToken: 'x'.repeat(4_097) }],
  [validate, { subject: { case: 'token', value: 'x' } }, {}],
  [
    validate,
    { subject: { case: 'ids', value: { ...device, tokenId: uuid } } },
    { subject: { case: 'ids', value: { ...device, tokenId: 'x' } } },
  ],
  [
    validate,
    { subject: { case: 'ids', value: { ...device, tokenId: uuid } } },
    { subject: { case: 'ids', value: { ...device, userId: 'a\u0085', tokenId: uuid } } },
  ],
  [
    validate,
    { subject: { case: 'token', value: 'x' }, requiredScopes: ['read'] },
    { subject: { case: 'token', value: 'x' }, requiredScopes: [''] },
  ],
  [
    revoke,
    { subject: { case: 'device', value: device }, reason: 5 },
    { subject: { case: 'device', value: device }, reason: 2 },
  ],
  [
    revoke,
    { subject: { case: 'device', value: device }, durability: { replicas: 16 } },
    { subject: { case: 'device', value: device }, durability: { replicas: 17 } },
  ],
  [revokeUser, { ...device, deviceId: undefined }, { tenantId: 'acme' }],
  [
    listSessions,
    { tenantId: 'acme', userId: 'u1' },
    { tenantId: 'acme', userId: 'u1', pageSize: 101 },
  ],
];

test.each(USUAL)(
  '%s: what is usual is surely valid, and what breaks a rule is not',
  (method, usual, broken) => {
    const isSurelyValid = surelyValid(method.input);
    expect(isSurelyValid(create(method.input, usual as never))).toBe(true);
    const message = create(method.input, broken as never);
    expect(isSurelyValid(message)).toBe(false);
    expect(validator.validate(method.input, message)).toMatchObject({ kind: 'invalid' });
  },
);

test('of text whose bytes would have to be counted nobody is sure', () => {
  const of = (userId: string) => create(issue.input, { device: { ...device, userId } });
  expect(surelyValid(issue.input)(of('x'.repeat(85)))).toBe(true);
  expect(surelyValid(issue.input)(of('x'.repeat(86)))).toBe(false);
});

/** A message of one field, `text`, that may be absent, with rules. */
function optionalText(rules: Partial<FieldRules>): DescMessage {
  const options = create(FieldOptionsSchema);
  setExtension(options, fieldOption, create(FieldRulesSchema, rules as never));
  const field = {
    ...{ name: 'text', jsonName: 'text', number: 1, options },
    ...{ type: FieldDescriptorProto_Type.STRING, label: FieldDescriptorProto_Label.OPTIONAL },
    ...{ proto3Optional: true, oneofIndex: 0 },
  };
  const message = { name: 'Optional', field: [field], oneofDecl: [{ name: '_text' }] };
  const file = { name: 'optional.proto', syntax: 'proto3', messageType: [message] };
  const all = createFileRegistry(create(FileDescriptorProtoSchema, file), () => undefined);
  const desc = all.getMessage('Optional');
  if (desc === undefined) throw new Error('there is no such message');
  expect(desc.field['text']?.presence).toBe(FeatureSet_FieldPresence.EXPLICIT);
  return desc;
}

test('a text that may be absent is held to its rules when it is there, and to none when not', () => {
  const rules = { type: { case: 'string', value: { minBytes: 2n, pattern: '^a' } } } as never;
  const desc = optionalText(rules);
  const check = createCheckOf()(desc);
  expect(() => check(create(desc))).not.toThrow();
  expect(() => check(create(desc, { text: 'ab' } as never))).not.toThrow();
  for (const text of ['', 'a', 'ba']) {
    expect(() => check(create(desc, { text } as never))).toThrow(
      expect.objectContaining({
        reason: 'INVALID_FIELD',
        metadata: { field: 'text', rule: expect.any(String) },
      }),
    );
  }
  const required = createCheckOf()(optionalText({ ...(rules as object), required: true }));
  expect(() => required(create(desc))).toThrow(
    expect.objectContaining({ reason: 'INVALID_FIELD' }),
  );
  const lenient = createCheckOf()(
    optionalText({ ...(rules as object), ignore: Ignore.IF_ZERO_VALUE }),
  );
  for (const init of [{}, { text: '' }]) {
    expect(() => lenient(create(desc, init as never))).not.toThrow();
  }
});
