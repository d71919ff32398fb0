import { crc32 } from 'node:zlib';
import type { Json } from './call.ts';

/** A token that a client holds, and what is known of its life. */
export interface HeldToken {
  readonly id: string;
  readonly sessionId: string;
  readonly deviceKey: string;
  readonly partition: number;
  readonly generation: number;
  readonly access: string;
  readonly refresh: string;
  /** From when on it cannot be valid, as far as an answer has shown. */
  endedMs: number;
  /** From when on it may have been ended by something that a client did. */
  mayEndMs: number;
  /** Last time that it was seen valid. */
  validMs: number;
  readonly story: string[];
}

/** Of the deployment under test. */
export const PARTITIONS = 16;

/** The token of an answer, of a device whose key is `<user>/<device>`. */
export function heldOf(value: Json, device: Json, generation: number): HeldToken {
  const tokens = value['tokens'] as Record<string, string>;
  const { tenantId, userId, deviceId } = device as Record<string, string>;
  return {
    id: String(tokens['tokenId']),
    sessionId: String(tokens['sessionId']),
    deviceKey: `${userId}/${deviceId}`,
    partition: crc32(`${tenantId}\0${userId}`) % PARTITIONS,
    generation,
    access: String(tokens['accessToken']),
    refresh: String(tokens['refreshToken']),
    endedMs: Number.POSITIVE_INFINITY,
    mayEndMs: Number.POSITIVE_INFINITY,
    validMs: 0,
    story: [],
  };
}
