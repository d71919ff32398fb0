import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type WatchPart,
  WatchPartSchema,
  WatchResponseSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import { expect, test } from 'vitest';
import { knowsWatchResponse, writeWatchResponse } from './write-feed.ts';

const EVENTS: WatchPart = create(WatchPartSchema, {
  part: {
    case: 'events',
    value: {
      events: Array.from({ length: 20 }, (_, i) => ({
        ...{ partition: i, revision: 7n, entryId: `${i}-0` },
        event: { case: 'ended' as const, value: { sessionId: new Uint8Array(16).fill(i) } },
      })),
    },
  },
});
const RESET = create(WatchPartSchema, { part: { case: 'reset', value: { partition: 3 } } });

test.each([1n, 127n, 128n, 300n, 2n ** 32n, 2n ** 53n - 1n])(
  'a response with the number %s is what protobuf-es writes, the first time and again',
  (sequence) => {
    for (const parts of [[EVENTS], [RESET, EVENTS, RESET], [EVENTS]]) {
      const response = create(WatchResponseSchema, { sequence, parts });
      const bytes = writeWatchResponse(response);
      expect(bytes).toEqual(Buffer.from(toBinary(WatchResponseSchema, response)));
      expect(fromBinary(WatchResponseSchema, Uint8Array.from(bytes ?? []))).toEqual(response);
    }
  },
);

test('what is not of the usual form is left to protobuf-es', () => {
  const $unknown = [{ no: 31, wireType: 0, data: Uint8Array.of(7) }];
  const unknown = { ...create(WatchResponseSchema, { sequence: 1n }), $unknown };
  expect(writeWatchResponse(unknown)).toBeUndefined();
  for (const sequence of [0n, 2n ** 53n]) {
    expect(writeWatchResponse(create(WatchResponseSchema, { sequence }))).toBeUndefined();
  }
});

test('the fields that are written are those of the contract', () => {
  expect(knowsWatchResponse()).toBe(true);
});
