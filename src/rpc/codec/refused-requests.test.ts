import type { DescMethod } from '@bufbuild/protobuf';
import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { describe, expect, test } from 'vitest';
import { REFUSED_BINARY } from '../../../test/differential/refused-binary.ts';
import { REFUSED_JSON } from '../../../test/differential/refused-json.ts';
import { UNICODE } from '../../../test/differential/refused-rules.ts';
import {
  all,
  claim,
  message,
  nested,
  text,
  varint,
} from '../../../test/differential/wire-fields.ts';
import type { SignumError } from '../../domain/errors.ts';
import { type Encoding, readerOf } from './message-codec.ts';

const { issue, validate, revokeUser } = TokenService.method;

/** What the error says: the field and its rule. */
function refusal(method: DescMethod, bytes: Uint8Array, encoding: Encoding): readonly string[] {
  try {
    readerOf(method)(bytes, encoding);
  } catch (thrown) {
    const { reason, metadata } = thrown as SignumError;
    expect(reason).toBe('INVALID_FIELD');
    return [metadata['field'] ?? '', metadata['rule'] ?? ''];
  }
  return ['nothing', 'was refused'];
}

describe('in JSON', () => {
  test.each(REFUSED_JSON)('%s is refused', (_what, method, text, field, rule) => {
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
  test.each(REFUSED_BINARY)('%s is refused', (_what, method, bytes, field, rule) => {
    expect(refusal(method, bytes, 'binary')).toEqual([field, rule]);
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
