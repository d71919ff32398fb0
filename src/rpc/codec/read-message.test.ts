import {
  create,
  type DescMethod,
  fromBinary,
  fromJsonString,
  type Message,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { FeedService } from '@signum/contract/signum/v1/feed_service_pb.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryInit } from '../../../test/differential/arbitrary-message.ts';
import { SignumError } from '../../domain/errors.ts';
import { SERVICES } from '../rpc.ts';
import { type Encoding, readerOf } from './message-codec.ts';

/** Those of the contract: what others have made is read as protobuf-es does it. */
const METHODS: readonly DescMethod[] = [...SERVICES, FeedService]
  .filter(({ typeName }) => typeName.startsWith('signum.'))
  .flatMap(({ methods }) => methods as readonly DescMethod[]);

describe.each(METHODS.map((method) => [method.name, method] as const))('of %s', (_name, method) => {
  const { input } = method;
  const read = readerOf(method);
  const messages = arbitraryInit(input).map((init) => create(input, init as never));

  /** What is read is what protobuf-es reads; what is not, is refused as a field that breaks a rule. */
  function expectSameOrRefused(bytes: Uint8Array, encoding: Encoding): void {
    let message: Message;
    try {
      message = read(bytes, encoding);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(SignumError);
      expect((thrown as SignumError).reason).toBe('INVALID_FIELD');
      return;
    }
    expect(message).toStrictEqual(reference(method, bytes, encoding));
  }

  test('well-formed requests are read as protobuf-es reads them', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const bytes = toBinary(input, message);
        expect(read(bytes, 'binary')).toStrictEqual(fromBinary(input, bytes));
        const text = Buffer.from(toJsonString(input, message));
        expect(read(text, 'json')).toStrictEqual(reference(method, text, 'json'));
      }),
      { numRuns: 100 },
    );
  });

  test('requests cut off, changed or joined are read as protobuf-es reads them, or refused', () => {
    fc.assert(
      fc.property(
        messages,
        messages,
        fc.constantFrom<Encoding>('binary', 'json'),
        fc.nat(),
        fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('{}[]":,\\0e-'))),
        (a, b, encoding, at, value) => {
          const [one, other] = [a, b].map((message) =>
            encoding === 'binary'
              ? toBinary(input, message)
              : Buffer.from(toJsonString(input, message)),
          ) as [Uint8Array, Uint8Array];
          expectSameOrRefused(one.subarray(0, at % (one.length + 1)), encoding);
          expectSameOrRefused(Buffer.concat([one, other]), encoding);
          if (one.length === 0) return;
          const changed = Uint8Array.from(one);
          changed[at % one.length] = value;
          expectSameOrRefused(changed, encoding);
          const before = one.subarray(0, at % one.length);
          const after = one.subarray(at % one.length);
          expectSameOrRefused(Buffer.concat([before, Uint8Array.of(value), after]), encoding);
          expectSameOrRefused(Buffer.concat([before, after.subarray(1)]), encoding);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('bytes that are anything are read as protobuf-es reads them, or refused', () => {
    const byte = fc.oneof(
      fc.nat({ max: 255 }),
      // Tags and lengths, so that something comes of it.
      fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x80, 0, 1, 2, 3),
    );
    const bytes = fc.array(byte, { maxLength: 24 }).map((all) => Uint8Array.from(all));
    fc.assert(
      fc.property(bytes, (all) => expectSameOrRefused(all, 'binary')),
      { numRuns: 500 },
    );
  });
});

/** What protobuf-es makes of it; of an unknown field it makes nothing. */
function reference({ input }: DescMethod, bytes: Uint8Array, encoding: Encoding): Message {
  return encoding === 'binary'
    ? fromBinary(input, bytes)
    : fromJsonString(input, Buffer.from(bytes).toString());
}
