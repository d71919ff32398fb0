import type { DescMethod, Message } from '@bufbuild/protobuf';
import {
  type BatchValidateResponse,
  TokenService,
  type ValidateStreamResponse,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { PlainWriter } from './plain-writer.ts';
import { writeIssueResponse } from './write-issue-response.ts';
import { writeRefreshResponse } from './write-refresh-response.ts';
import { writeResults } from './write-results.ts';
import { writeRevokeResponse } from './write-revoke-response.ts';
import { writeValidateResponse } from './write-validate-response.ts';

/**
 * Writes the answers of one method in their usual form; any other it leaves to protobuf-es by answering
 * undefined. What it does answer is what protobuf-es would have: a property test compares.
 */
export type WriteQuickly = (message: Message) => Uint8Array | undefined;

/** A longer answer to one request is not plain. */
const MAX_RESPONSE_BYTES = 2_048;
/** The same of an answer that holds tokens. Two of 4,000 characters fit. */
const MAX_PAIR_BYTES = 16_384;

const NOTHING_IS_USUAL: WriteQuickly = () => undefined;

/** For the hot methods, which are those that validate, issue, refresh and revoke. */
export function quickWriterOf(method: DescMethod): WriteQuickly {
  const { issue, refresh, revoke, validate, batchValidate, validateStream } = TokenService.method;
  switch (method) {
    case validate:
      return oneWriter(writeValidateResponse, MAX_RESPONSE_BYTES);
    case issue:
      return oneWriter(writeIssueResponse, MAX_PAIR_BYTES);
    case refresh:
      return oneWriter(writeRefreshResponse, MAX_PAIR_BYTES);
    case revoke:
      return oneWriter(writeRevokeResponse, MAX_RESPONSE_BYTES);
    case batchValidate:
    case validateStream:
      return resultsWriter();
    default:
      return NOTHING_IS_USUAL;
  }
}

function oneWriter<O extends Message>(
  write: (to: PlainWriter, message: O) => void,
  maxBytes: number,
): WriteQuickly {
  const to = new PlainWriter(maxBytes);
  return (message) => {
    to.rewind();
    write(to, message as O);
    return to.finish();
  };
}

function resultsWriter(): WriteQuickly {
  const to = new PlainWriter(MAX_RESPONSE_BYTES);
  return (message) => {
    const { results, $unknown } = message as BatchValidateResponse | ValidateStreamResponse;
    if ($unknown !== undefined) return undefined;
    to.rewind();
    writeResults(to, results);
    return to.finish();
  };
}
