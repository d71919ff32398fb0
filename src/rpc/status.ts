import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@signum/contract/google/rpc/code_pb.js';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '@signum/contract/google/rpc/error_details_pb.js';
import { type Status, StatusSchema } from '@signum/contract/google/rpc/status_pb.js';
import { CODE_OF, type Reason, type SignumError } from '../domain/errors.ts';

/** The `domain` of every google.rpc.ErrorInfo. */
const ERROR_DOMAIN = 'signum';

/** What RetryInfo says for reasons that always carry one, unless the error knows better. In ms. */
export const DEFAULT_RETRY_AFTER_MS: { readonly [R in Reason]?: number } = {
  RATE_LIMITED: 1_000,
  OVERLOADED: 200,
  STORE_UNAVAILABLE: 200,
  DURABILITY_UNCONFIRMED: 100,
  EDGES_UNCONFIRMED: 1_000,
  STALE_REVISION: 20,
  DRAINING: 50,
};

export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: Message;
}

/** An error as every protocol sends it. */
export interface WireStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

/** Translates an error to the wire. The cause never gets there. */
export function toStatus(error: SignumError): WireStatus {
  return { code: Code[CODE_OF[error.reason]], message: error.message, details: detailsOf(error) };
}

/** The same as a google.rpc.Status message (`grpc-status-details-bin`, batch items). */
export function toStatusMessage(error: SignumError): Status {
  const { code, message, details } = toStatus(error);
  return create(StatusSchema, {
    code,
    message,
    details: details.map(({ desc, value }) => anyPack(desc, value)),
  });
}

function detailsOf({ reason, metadata, retryAfterMs, message }: SignumError): ErrorDetail[] {
  const info = create(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN, metadata: { ...metadata } });
  const details: ErrorDetail[] = [{ desc: ErrorInfoSchema, value: info }];
  const delayMs = retryAfterMs ?? DEFAULT_RETRY_AFTER_MS[reason];
  if (delayMs !== undefined) {
    const retry = create(RetryInfoSchema, { retryDelay: durationFromMs(Math.ceil(delayMs)) });
    details.push({ desc: RetryInfoSchema, value: retry });
  }
  const field = metadata['field'];
  if (reason === 'INVALID_FIELD' && field !== undefined) {
    const description = metadata['rule'] ?? message;
    const violation = create(BadRequestSchema, { fieldViolations: [{ field, description }] });
    details.push({ desc: BadRequestSchema, value: violation });
  }
  return details;
}
