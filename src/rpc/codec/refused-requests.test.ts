import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { CallerService } from '@signum/contract/signum/v1/caller_service_pb.js';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { describe, expect, test } from 'vitest';
import type { SignumError } from '../../domain/errors.ts';
import { type Encoding, readerOf } from './read-message.ts';

const { issue, validate, batchValidate, revokeUser, listSessions } = TokenService.method;
const { createCaller } = CallerService.method;
type Method = Parameters<typeof readerOf>[0];

/** What the error says: the field and its rule. */
function refusal(method: Method, bytes: Uint8Array, encoding: Encoding): readonly string[] {
  try {
    readerOf(method)(bytes, encoding);
  } catch (thrown) {
    const { reason, metadata } = thrown as SignumError;
    expect(reason).toBe('INVALID_FIELD');
    return [metadata['field'] ?? '', metadata['rule'] ?? ''];
  }
  return ['nothing', 'was read'];
}

const UNICODE = 'must be well-formed Unicode';
const ONCE = 'must be given once';
const WELL_FORMED = 'must be well-formed';
const ALTERNATIVE = 'must be the only one given of its alternatives';
const NUMBER = 'must hold no number that JSON and a double would not keep as it is';
const UINT32 = 'must be a whole number from 0 to 4294967295';
const UINT64 = 'must be a whole number from 0 to 18446744073709551615';
const POLICY = 'must be a value of signum.v1.SupersedePolicy';
const DEPTH = 'must nest at most 32 levels deep';
const DURATION = 'must be a duration, such as 3600s';

describe('in JSON', () => {
  test.each<[string, Method, string, string, string]>([
    [
      'a member that is not known',
      validate,
      '{"requiredScope":["a"]}',
      'requiredScope',
      'is no field of signum.v1.ValidateRequest',
    ],
    [
      'a member misspelt',
      revokeUser,
      '{"tenantId":"a","exceptDeviceID":"b"}',
      'exceptDeviceID',
      'is no field of signum.v1.RevokeUserRequest',
    ],
    [
      'a member within',
      issue,
      '{"device":{"deviceID":"b"}}',
      'device.deviceID',
      'is no field of signum.v1.DeviceRef',
    ],
    [
      'a member within an item',
      batchValidate,
      '{"items":[{},{"ids":{"x":1}}]}',
      'items[1].ids.x',
      'is no field of signum.v1.TokenRef',
    ],
    [
      'a member whose name might do harm',
      validate,
      '{"<b>":1}',
      'message',
      'must hold nothing but the fields of signum.v1.ValidateRequest',
    ],
    [
      'a member whose name is long',
      validate,
      `{"${'x'.repeat(65)}":1}`,
      'message',
      'must hold nothing but the fields of signum.v1.ValidateRequest',
    ],
    ['the short name of a value', issue, '{"policy":"DENY_NEW"}', 'policy', POLICY],
    ['a value in lower case', issue, '{"policy":"supersede_policy_deny_new"}', 'policy', POLICY],
    ['a value out of range', issue, '{"policy":4}', 'policy', POLICY],
    ['a value below 0', issue, '{"policy":-1}', 'policy', POLICY],
    ['a value with a fraction', issue, '{"policy":1.0}', 'policy', POLICY],
    ['a value as a string of its number', issue, '{"policy":"2"}', 'policy', POLICY],
    [
      'a value in a list',
      createCaller,
      '{"permissions":["PERMISSION_ISSUE","ISSUE"]}',
      'permissions[1]',
      'must be a value of signum.v1.Permission',
    ],
    ['two alternatives', validate, '{"token":"a","ids":{}}', 'ids', ALTERNATIVE],
    ['one alternative twice', validate, '{"token":"a","token":"b"}', 'token', ALTERNATIVE],
    ['a member twice', validate, '{"audience":"a","audience":"a"}', 'audience', ONCE],
    [
      'a member under both of its names',
      revokeUser,
      '{"tenantId":"a","tenant_id":"a"}',
      'tenant_id',
      ONCE,
    ],
    [
      'a list twice',
      validate,
      '{"requiredScopes":[],"requiredScopes":[]}',
      'required_scopes',
      ONCE,
    ],
    [
      'an attribute twice',
      issue,
      '{"metadata":{"attributes":{"a":"1","a":"2"}}}',
      'metadata.attributes',
      ONCE,
    ],
    ['a claim twice', issue, '{"claims":{"a":1,"a":1}}', 'claims', ONCE],
    ['a claim twice, within', issue, '{"claims":{"b":{"a":1,"\\u0061":1}}}', 'claims', ONCE],
    [
      'null for text',
      revokeUser,
      '{"exceptDeviceId":null}',
      'except_device_id',
      'must be a string',
    ],
    ['null for a message', issue, '{"device":null}', 'device', 'must be a signum.v1.DeviceRef'],
    ['null for a list', validate, '{"requiredScopes":null}', 'required_scopes', 'must be a list'],
    ['null for an alternative', validate, '{"token":null}', 'token', 'must be a string'],
    ['null for a value', issue, '{"policy":null}', 'policy', POLICY],
    [
      'null in a list',
      validate,
      '{"requiredScopes":[null]}',
      'required_scopes[0]',
      'must be a string',
    ],
    ['null for a number', listSessions, '{"pageSize":null}', 'page_size', UINT32],
    ['null for claims', issue, '{"claims":null}', 'claims', 'must be a google.protobuf.Struct'],
    ['a number for text', validate, '{"token":1}', 'token', 'must be a string'],
    ['text for a list', validate, '{"requiredScopes":"a"}', 'required_scopes', 'must be a list'],
    ['a list for a message', validate, '{"ids":[]}', 'ids', 'must be a signum.v1.TokenRef'],
    [
      'text for a bool',
      createCaller,
      '{"withoutKey":"true"}',
      'without_key',
      'must be true or false',
    ],
    [
      'a number for a bool',
      createCaller,
      '{"withoutKey":1}',
      'without_key',
      'must be true or false',
    ],
    ['a whole number with a fraction', listSessions, '{"pageSize":1.0}', 'page_size', UINT32],
    ['a whole number with an exponent', validate, '{"minRevision":"1e3"}', 'min_revision', UINT64],
    [
      'a whole number with a fraction in a string',
      validate,
      '{"minRevision":"1.5"}',
      'min_revision',
      UINT64,
    ],
    [
      'a whole number with a zero in front',
      validate,
      '{"minRevision":"01"}',
      'min_revision',
      UINT64,
    ],
    ['a whole number with white space', validate, '{"minRevision":" 1"}', 'min_revision', UINT64],
    ['an empty number', validate, '{"minRevision":""}', 'min_revision', UINT64],
    ['a hexadecimal number', validate, '{"minRevision":"0x1"}', 'min_revision', UINT64],
    ['minus 0', validate, '{"minRevision":-0}', 'min_revision', UINT64],
    ['a number below 0', validate, '{"minRevision":-1}', 'min_revision', UINT64],
    [
      'a number past 64 bits',
      validate,
      '{"minRevision":"18446744073709551616"}',
      'min_revision',
      UINT64,
    ],
    ['a number past 32 bits', listSessions, '{"pageSize":4294967296}', 'page_size', UINT32],
    ['a duration without its unit', issue, '{"accessLifetime":"600"}', 'access_lifetime', DURATION],
    ['a duration that is a number', issue, '{"accessLifetime":600}', 'access_lifetime', DURATION],
    [
      'a duration of ten decimals',
      issue,
      '{"accessLifetime":"1.0000000001s"}',
      'access_lifetime',
      DURATION,
    ],
    [
      'a duration past its range',
      issue,
      '{"accessLifetime":"315576000001s"}',
      'access_lifetime',
      DURATION,
    ],
    ['half of a surrogate pair', validate, '{"token":"\\ud800"}', 'token', UNICODE],
    [
      'half of a surrogate pair within claims',
      issue,
      '{"claims":{"a":["\\udc00"]}}',
      'claims',
      UNICODE,
    ],
    [
      'half of a surrogate pair in a claim’s name',
      issue,
      '{"claims":{"\\ud83d":1}}',
      'claims',
      UNICODE,
    ],
    [
      'half of a surrogate pair in an attribute’s name',
      issue,
      '{"metadata":{"attributes":{"\\ud83d":"1"}}}',
      'metadata.attributes',
      UNICODE,
    ],
    ['an integer past 2^53', issue, '{"claims":{"a":9007199254740993}}', 'claims', NUMBER],
    ['2^53', issue, '{"claims":{"a":9007199254740992}}', 'claims', NUMBER],
    ['an integer below -2^53', issue, '{"claims":{"a":[-9007199254740993]}}', 'claims', NUMBER],
    ['a number past all doubles', issue, '{"claims":{"a":1e400}}', 'claims', NUMBER],
    ['a number that is 0 as a double', issue, '{"claims":{"a":1e-400}}', 'claims', NUMBER],
    [
      'a number of too many digits',
      issue,
      '{"claims":{"a":0.12345678901234567891}}',
      'claims',
      NUMBER,
    ],
    ['-0', issue, '{"claims":{"a":-0}}', 'claims', NUMBER],
    ['-0.0', issue, '{"claims":{"a":-0.0}}', 'claims', NUMBER],
    [
      'a number of a thousand digits',
      issue,
      `{"claims":{"a":0.${'0'.repeat(1000)}1}}`,
      'claims',
      NUMBER,
    ],
    ['NaN', issue, '{"claims":{"a":NaN}}', 'claims', WELL_FORMED],
    [
      'objects too deep',
      issue,
      `{"claims":${'{"a":'.repeat(33)}1${'}'.repeat(33)}}`,
      'claims',
      DEPTH,
    ],
    ['lists too deep', issue, `{"claims":{"a":${'['.repeat(30_000)}`, 'claims', DEPTH],
    [
      'too many items',
      batchValidate,
      `{"items":[${Array(257).fill('{}').join()}]}`,
      'items',
      'must hold at most 256 items',
    ],
    [
      'millions of items',
      batchValidate,
      `{"items":[${'{},'.repeat(600_000)}`,
      'items',
      'must hold at most 256 items',
    ],
    [
      'too many scopes',
      validate,
      `{"requiredScopes":[${Array(65).fill('"a"').join()}]}`,
      'required_scopes',
      'must hold at most 64 items',
    ],
    [
      'too many attributes',
      issue,
      `{"metadata":{"attributes":{${Array.from({ length: 17 }, (_, i) => `"${i}":""`).join()}}}}`,
      'metadata.attributes',
      'must hold at most 16 items',
    ],
    ['nothing', validate, '', 'message', WELL_FORMED],
    ['white space', validate, ' \n', 'message', WELL_FORMED],
    ['a mark of byte order', validate, '\ufeff{}', 'message', WELL_FORMED],
    ['a list', validate, '[]', 'message', 'must be a signum.v1.ValidateRequest'],
    ['null', validate, 'null', 'message', 'must be a signum.v1.ValidateRequest'],
    ['text', validate, '"{}"', 'message', 'must be a signum.v1.ValidateRequest'],
    ['two messages', validate, '{}{}', 'message', WELL_FORMED],
    ['an object without its end', validate, '{"token":"a"', 'message', WELL_FORMED],
    ['text without its end', validate, '{"token":"a\\"}', 'message', WELL_FORMED],
    ['a comma too many', validate, '{"token":"a",}', 'message', WELL_FORMED],
    ['a comma too many in a list', validate, '{"requiredScopes":["a",]}', 'message', WELL_FORMED],
    ['a name without quotes', validate, '{token:"a"}', 'message', WELL_FORMED],
    ['single quotes', validate, "{'token':'a'}", 'message', WELL_FORMED],
    ['a comment', validate, '{/* */}', 'message', WELL_FORMED],
    ['a line break within text', validate, '{"token":"a\nb"}', 'message', WELL_FORMED],
    ['an escape that is none', validate, '{"token":"\\x41"}', 'message', WELL_FORMED],
    ['a number with a zero in front', listSessions, '{"pageSize":01}', 'message', WELL_FORMED],
  ])('%s is refused', (_what, method, text, field, rule) => {
    expect(refusal(method, Buffer.from(text), 'json')).toEqual([field, rule]);
  });

  test.each([
    ['bytes that are no UTF-8', [0xff]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
  ])('%s in text are refused, not replaced', (_what, bytes) => {
    const text = Buffer.concat([Buffer.from('{"token":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(refusal(validate, text, 'json')).toEqual(['message', UNICODE]);
  });

  test.each([
    '0',
    '1',
    '-1',
    '0.1',
    '1.50',
    '1e2',
    '12E+1',
    '9007199254740991',
    '5e-324',
    '0.0',
    '1.5e-8',
  ])('the claim %s is kept as it is', (number) => {
    const bytes = Buffer.from(`{"claims":{"a":${number}}}`);
    expect(readerOf(issue)(bytes, 'json')).toMatchObject({ claims: { a: Number(number) } });
  });

  test('both names of a field, white space and escapes are understood', () => {
    const text = '\r\n{ "tenant_id" :\t"\\u0061\\"\\\\\\/\\ud83d\\ude00" , "userId":"b" } ';
    const read = readerOf(revokeUser)(Buffer.from(text), 'json');
    expect(read).toMatchObject({ tenantId: 'a"\\/\u{1f600}', userId: 'b' });
  });
});

describe('in binary', () => {
  const bytes = (write: (to: BinaryWriter) => unknown): Uint8Array => {
    const to = new BinaryWriter();
    write(to);
    return to.finish();
  };
  const raw = (...all: number[]) => Uint8Array.from(all);
  const text = (field: number, value: string | Uint8Array) => (to: BinaryWriter) =>
    to.tag(field, WireType.LengthDelimited).bytes(Buffer.from(value));
  const message =
    (field: number, ...parts: ((to: BinaryWriter) => unknown)[]) =>
    (to: BinaryWriter) => {
      to.tag(field, WireType.LengthDelimited).fork();
      for (const part of parts) part(to);
      return to.join();
    };
  const varint = (field: number, value: bigint | number) => (to: BinaryWriter) =>
    to.tag(field, WireType.Varint).uint64(value);
  const double = (value: number) => (to: BinaryWriter) => to.tag(2, WireType.Bit64).double(value);
  const claim = (...value: ((to: BinaryWriter) => unknown)[]) =>
    message(4, message(1, text(1, 'a'), message(2, ...value)));
  /** A Value that nests: a list in a list, or an object in an object. */
  const nested = (depth: number, kind: 5 | 6): ((to: BinaryWriter) => unknown) => {
    if (depth === 0) return varint(1, 0);
    const inner = message(kind === 6 ? 1 : 2, nested(depth - 1, kind));
    return message(kind, kind === 6 ? inner : message(1, inner));
  };
  const all = (...parts: ((to: BinaryWriter) => unknown)[]) =>
    bytes((to) => {
      for (const part of parts) part(to);
    });

  test.each<[string, Method, Uint8Array, string, string]>([
    [
      'a field that is not known',
      validate,
      all(varint(31, 1)),
      '31',
      'is no field of signum.v1.ValidateRequest',
    ],
    [
      'a field of the largest number',
      validate,
      all(varint(2 ** 29 - 1, 1)),
      '536870911',
      'is no field of signum.v1.ValidateRequest',
    ],
    [
      'a field within',
      issue,
      all(message(1, text(1, 'a'), text(4, 'b'))),
      'device.4',
      'is no field of signum.v1.DeviceRef',
    ],
    [
      'a field within an item',
      batchValidate,
      all(message(1), message(1, message(2, varint(9, 1)))),
      'items[1].ids.9',
      'is no field of signum.v1.TokenRef',
    ],
    [
      'a field of a duration',
      issue,
      all(message(6, varint(1, 1), varint(3, 1))),
      'access_lifetime',
      DURATION,
    ],
    [
      'a field of a map’s entry',
      issue,
      all(message(5, message(4, text(1, 'a'), text(2, 'b'), varint(3, 1)))),
      'metadata.attributes',
      'must be an object',
    ],
    [
      'a field of a Struct',
      issue,
      all(message(4, varint(2, 1))),
      'claims',
      'must be a google.protobuf.Struct',
    ],
    [
      'a field of a Value',
      issue,
      all(claim(varint(7, 1))),
      'claims',
      'must be a google.protobuf.Struct',
    ],
    ['a group', validate, raw(0x33, 0x34), '6', 'is no field of signum.v1.ValidateRequest'],
    ['field 0', validate, raw(0x00, 0x00), 'message', WELL_FORMED],
    [
      'a tag past 32 bits',
      validate,
      raw(0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00),
      'message',
      WELL_FORMED,
    ],
    ['a tag cut short', validate, raw(0x80), 'message', WELL_FORMED],
    ['a value out of range', issue, all(varint(9, 4)), 'policy', POLICY],
    ['a value below 0', issue, all(varint(9, 2n ** 64n - 1n)), 'policy', POLICY],
    ['a value past 32 bits', issue, all(varint(9, 2n ** 32n + 1n)), 'policy', POLICY],
    [
      'a value in a list',
      createCaller,
      all(varint(2, 1), varint(2, 99)),
      'permissions[1]',
      'must be a value of signum.v1.Permission',
    ],
    [
      'a value in a packed list',
      createCaller,
      raw(0x12, 0x02, 0x01, 0x63),
      'permissions[1]',
      'must be a value of signum.v1.Permission',
    ],
    ['two alternatives', validate, all(text(1, 'a'), message(2)), 'ids', ALTERNATIVE],
    ['one alternative twice', validate, all(text(1, 'a'), text(1, 'b')), 'token', ALTERNATIVE],
    ['a field twice', validate, all(text(4, 'a'), text(4, 'a')), 'audience', ONCE],
    ['a message twice', issue, all(message(1), message(1)), 'device', ONCE],
    [
      'a field twice, within',
      issue,
      all(message(1, text(1, 'a'), text(1, 'a'))),
      'device.tenant_id',
      ONCE,
    ],
    [
      'seconds twice',
      issue,
      all(message(6, varint(1, 1), varint(1, 1))),
      'access_lifetime',
      DURATION,
    ],
    [
      'an attribute twice',
      issue,
      all(message(5, message(4, text(1, 'a')), message(4, text(1, 'a')))),
      'metadata.attributes',
      ONCE,
    ],
    [
      'a claim twice',
      issue,
      all(
        message(
          4,
          message(1, text(1, 'a'), message(2, varint(1, 0))),
          message(1, text(1, 'a'), message(2, varint(1, 0))),
        ),
      ),
      'claims',
      ONCE,
    ],
    [
      'a claim without a value',
      issue,
      all(message(4, message(1, text(1, 'a')))),
      'claims',
      'must be a google.protobuf.Struct',
    ],
    ['a claim that is nothing', issue, all(claim()), 'claims', 'must be a google.protobuf.Struct'],
    [
      'a claim that is two things',
      issue,
      all(claim(varint(1, 0), varint(4, 1))),
      'claims',
      'must be a google.protobuf.Struct',
    ],
    ['a number for text', validate, all(varint(1, 1)), 'token', 'must be a string'],
    ['text for a number', listSessions, all(text(3, 'a')), 'page_size', UINT32],
    [
      'a number of 64 bits for text',
      validate,
      all((to) => to.tag(1, WireType.Bit64).double(1)),
      'token',
      'must be a string',
    ],
    ['a bool that is 2', createCaller, all(varint(5, 2)), 'without_key', 'must be true or false'],
    ['a number past 32 bits', listSessions, all(varint(3, 2n ** 32n)), 'page_size', UINT32],
    [
      'a number of eleven bytes',
      validate,
      raw(0x28, ...Array(10).fill(0xff), 0x01),
      'min_revision',
      WELL_FORMED,
    ],
    [
      'a number past 64 bits',
      validate,
      raw(0x28, ...Array(9).fill(0xff), 0x7f),
      'min_revision',
      WELL_FORMED,
    ],
    ['a number cut short', validate, raw(0x28, 0x80), 'min_revision', WELL_FORMED],
    [
      'a duration past its range',
      issue,
      all(message(6, varint(1, 315_576_000_001n))),
      'access_lifetime',
      DURATION,
    ],
    [
      'a duration of two signs',
      issue,
      all(message(6, varint(1, 1), varint(2, 2n ** 64n - 1n))),
      'access_lifetime',
      DURATION,
    ],
    [
      'a duration of too many nanoseconds',
      issue,
      all(message(6, varint(2, 1_000_000_000))),
      'access_lifetime',
      DURATION,
    ],
    ['text that is no UTF-8', validate, all(text(1, raw(0xff))), 'token', UNICODE],
    ['half of a surrogate pair', validate, all(text(1, raw(0xed, 0xa0, 0x80))), 'token', UNICODE],
    [
      'an id that is no UTF-8',
      issue,
      all(message(1, text(2, raw(0xc0, 0x80)))),
      'device.user_id',
      UNICODE,
    ],
    ['a claim that is no UTF-8', issue, all(claim(text(3, raw(0xff)))), 'claims', UNICODE],
    ['an integer past 2^53', issue, all(claim(double(2 ** 53 + 2))), 'claims', NUMBER],
    ['2^53', issue, all(claim(double(2 ** 53))), 'claims', NUMBER],
    ['NaN', issue, all(claim(double(Number.NaN))), 'claims', NUMBER],
    ['infinity', issue, all(claim(double(Number.POSITIVE_INFINITY))), 'claims', NUMBER],
    ['-0', issue, all(claim(double(-0))), 'claims', NUMBER],
    [
      'a number cut short',
      issue,
      raw(0x22, 0x0a, 0x0a, 0x08, 0x0a, 0x01, 0x61, 0x12, 0x03, 0x11, 0, 0),
      'claims',
      NUMBER,
    ],
    ['objects too deep', issue, all(claim(nested(32, 5))), 'claims', DEPTH],
    ['lists too deep', issue, all(claim(nested(32, 6))), 'claims', DEPTH],
    ['lists far too deep', issue, all(claim(nested(2_000, 6))), 'claims', DEPTH],
    [
      'too many items',
      batchValidate,
      raw(...Array(257).fill([0x0a, 0x00]).flat()),
      'items',
      'must hold at most 256 items',
    ],
    [
      'millions of items',
      batchValidate,
      Buffer.alloc(2_000_000, '\n\0'),
      'items',
      'must hold at most 256 items',
    ],
    ['text past the end', validate, raw(0x0a, 0x02, 0x61), 'token', WELL_FORMED],
    [
      'text past the end of its message',
      validate,
      raw(0x12, 0x02, 0x0a, 0x01, 0x61),
      'ids.tenant_id',
      WELL_FORMED,
    ],
    [
      'a length past 32 bits',
      validate,
      raw(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f),
      'token',
      WELL_FORMED,
    ],
    ['a tag alone', validate, raw(0x0a), 'token', WELL_FORMED],
    ['JSON', validate, Buffer.from('{}'), '15', 'is no field of signum.v1.ValidateRequest'],
  ])('%s is refused', (_what, method, message, field, rule) => {
    expect(refusal(method, message, 'binary')).toEqual([field, rule]);
  });

  test('objects and lists as deep as they may be are read, as in JSON', () => {
    const text = `{"claims":{"a":${'['.repeat(31)}null${']'.repeat(31)}}}`;
    const read = readerOf(issue);
    const binary = read(all(claim(nested(31, 6))), 'binary');
    expect(binary).toEqual(read(Buffer.from(text), 'json'));
  });

  test('text with a replacement character of its own is read', () => {
    const read = readerOf(validate)(all(text(4, 'a\ufffd')), 'binary');
    expect(read).toMatchObject({ audience: 'a\ufffd' });
  });

  test('a name of the prototype is a name like any other', () => {
    const read = readerOf(issue);
    const json = read(Buffer.from('{"claims":{"__proto__":null}}'), 'json');
    const binary = read(
      all(message(4, message(1, text(1, '__proto__'), message(2, varint(1, 0))))),
      'binary',
    );
    expect(binary).toEqual(json);
    expect(JSON.stringify((json as { claims?: unknown }).claims)).toBe('{"__proto__":null}');
  });
});
