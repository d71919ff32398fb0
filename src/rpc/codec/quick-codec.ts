import type { DescMethod, Message } from '@bufbuild/protobuf';
import { TokenService, type ValidateResponse } from '../../gen/signum/v1/token_service_pb.js';
import { readValidateRequest } from './read-validate-request.ts';
import { createValidateResponseWriter } from './write-validate-response.ts';

/**
 * Reads and writes the plain messages of one method; what is not plain it leaves to protobuf-es by
 * answering undefined. What it does answer is what protobuf-es would have: a property test compares.
 */
export interface QuickCodec {
  read(bytes: Uint8Array): Message | undefined;
  write(message: Message): Uint8Array | undefined;
}

const NOTHING_IS_PLAIN: QuickCodec = { read: () => undefined, write: () => undefined };

/**
 * Of Validate, the hot one: reading four ids and writing an answer take 0.8 µs together, and 3.4 µs
 * in protobuf-es. Other methods are not worth it.
 */
export function quickCodecOf(method: DescMethod): QuickCodec {
  if (method !== TokenService.method.validate) return NOTHING_IS_PLAIN;
  const write = createValidateResponseWriter();
  return { read: readValidateRequest, write: (message) => write(message as ValidateResponse) };
}
