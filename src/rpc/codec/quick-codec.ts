import type { DescMethod, Message } from '@bufbuild/protobuf';
import {
  type BatchValidateRequest,
  type BatchValidateResponse,
  TokenService,
  type ValidateStreamRequest,
  type ValidateStreamResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { Cursor } from './cursor.ts';
import { PlainWriter } from './plain-writer.ts';
import { readIssueRequest } from './read-issue-request.ts';
import { readItems } from './read-items.ts';
import { readRefreshRequest } from './read-refresh-request.ts';
import { readRevokeRequest } from './read-revoke-request.ts';
import { readValidateRequest } from './read-validate-request.ts';
import { writeIssueResponse } from './write-issue-response.ts';
import { writeRefreshResponse } from './write-refresh-response.ts';
import { writeResults } from './write-results.ts';
import { writeRevokeResponse } from './write-revoke-response.ts';
import { writeValidateResponse } from './write-validate-response.ts';

/**
 * Reads and writes the plain messages of one method; what is not plain it leaves to protobuf-es by
 * answering undefined. What it does answer is what protobuf-es would have: a property test compares.
 */
export interface QuickCodec {
  read(bytes: Uint8Array): Message | undefined;
  write(message: Message): Uint8Array | undefined;
}

/** A longer answer to one request is not plain. */
const MAX_RESPONSE_BYTES = 2_048;
/** The same of an answer that holds tokens. Two of 4,000 characters fit. */
const MAX_PAIR_BYTES = 16_384;

const NOTHING_IS_PLAIN: QuickCodec = { read: () => undefined, write: () => undefined };

/**
 * Of the hot methods, which validate, issue, refresh and revoke. Reading four ids and writing an answer take
 * 0.9 µs together, and 2.2 µs in protobuf-es; for Issue it is 1.2 µs and 4.3 µs. Other methods are not
 * worth it.
 */
export function quickCodecOf(method: DescMethod): QuickCodec {
  const { issue, refresh, revoke, validate, batchValidate, validateStream } = TokenService.method;
  switch (method) {
    case validate:
      return oneCodec(readValidateRequest, writeValidateResponse, MAX_RESPONSE_BYTES);
    case issue:
      return oneCodec(readIssueRequest, writeIssueResponse, MAX_PAIR_BYTES);
    case refresh:
      return oneCodec(readRefreshRequest, writeRefreshResponse, MAX_PAIR_BYTES);
    case revoke:
      return oneCodec(readRevokeRequest, writeRevokeResponse, MAX_RESPONSE_BYTES);
    case batchValidate:
      return itemsCodec('signum.v1.BatchValidateRequest');
    case validateStream:
      return itemsCodec('signum.v1.ValidateStreamRequest');
    default:
      return NOTHING_IS_PLAIN;
  }
}

function oneCodec<O extends Message>(
  read: (cursor: Cursor, end: number) => Message | undefined,
  write: (to: PlainWriter, message: O) => void,
  maxBytes: number,
): QuickCodec {
  const to = new PlainWriter(maxBytes);
  return {
    read: (bytes) => read(new Cursor(bytes), bytes.length),
    write(message) {
      to.rewind();
      write(to, message as O);
      return to.finish();
    },
  };
}

type ItemsRequest = BatchValidateRequest | ValidateStreamRequest;
type ItemsResponse = BatchValidateResponse | ValidateStreamResponse;

function itemsCodec($typeName: ItemsRequest['$typeName']): QuickCodec {
  const to = new PlainWriter(MAX_RESPONSE_BYTES);
  return {
    read(bytes) {
      const items = readItems(bytes);
      return items && ({ $typeName, items } as ItemsRequest);
    },
    write(message) {
      const { results, $unknown } = message as ItemsResponse;
      if ($unknown !== undefined) return undefined;
      to.rewind();
      writeResults(to, results);
      return to.finish();
    },
  };
}
