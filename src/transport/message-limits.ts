import type { DescMethod } from '@bufbuild/protobuf';

/** The largest request message, in bytes, before and after JSON or protobuf has been read. */
export interface MessageLimits {
  /** Default 65,536. */
  readonly maxBytes: number;
  /** Of what holds many items; default 2,097,152: room for 256 of the longest tokens. */
  readonly maxBatchBytes: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  maxBytes: 64 * 1024,
  maxBatchBytes: 2 * 1024 * 1024,
};

export function maxBytesOf(method: DescMethod, limits: MessageLimits): number {
  const holdsItems = method.input.fields.some(({ name }) => name === 'items');
  return holdsItems ? limits.maxBatchBytes : limits.maxBytes;
}
