import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  EndedTokenSchema,
  type EndedTokensSchema,
  type WatchEventSchema,
  WatchEventsSchema,
  WatchReset_Reason,
  type WatchResponse,
  WatchResponseSchema,
  type WatermarkSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import type { RevocationReason } from '../../domain/session.ts';
import { deviceOf, endedAtMs, type FeedEvent, scopeOf } from '../../revocations/ended.ts';
import type { FeedResponse, ResetReason } from '../../revocations/responses.ts';
import { fromRevocationReason } from './values.ts';

type Response = NonNullable<MessageInitShape<typeof WatchResponseSchema>['response']>;
type Scope = NonNullable<MessageInitShape<typeof WatermarkSchema>['scope']>;

/** Responses that went to another subscriber already: nearly all are the same for many. */
export type FeedResponseCache = WeakMap<FeedResponse, Response>;

export interface FeedFormat {
  /** Of those with the same `withDevices`. */
  readonly cache: FeedResponseCache;
  /** Whether ended tokens come with the device that they were of. */
  readonly withDevices: boolean;
  /** What a subscriber has to know of the deployment beside its history. */
  readonly welcome: Omit<
    Extract<Response, { case: 'welcome' }>['value'],
    'deploymentId' | '$typeName'
  >;
}

const RESET: { readonly [R in ResetReason]: WatchReset_Reason } = {
  OTHER_DEPLOYMENT: WatchReset_Reason.OTHER_DEPLOYMENT,
  HISTORY_LOST: WatchReset_Reason.HISTORY_LOST,
  TRIMMED: WatchReset_Reason.TRIMMED,
  SLOW: WatchReset_Reason.SLOW,
  SOURCE_LOST: WatchReset_Reason.SOURCE_LOST,
};

/** A response as the contract has it. */
export function fromFeedResponse(
  sequence: number,
  response: FeedResponse,
  format: FeedFormat,
): WatchResponse {
  return create(WatchResponseSchema, {
    sequence: BigInt(sequence),
    response: cached(response, format),
  });
}

function cached(response: FeedResponse, format: FeedFormat): Response {
  if (response.kind !== 'events') return toResponse(response, format);
  const known = format.cache.get(response) ?? toResponse(response, format);
  format.cache.set(response, known);
  return known;
}

function toResponse(response: FeedResponse, { withDevices, welcome }: FeedFormat): Response {
  switch (response.kind) {
    case 'welcome':
      return { case: 'welcome', value: { ...welcome, deploymentId: response.deploymentId } };
    case 'keys':
      return { case: 'keys', value: { jwksJson: response.jwks } };
    case 'snapshot': {
      const { partition, first, last, events } = response;
      const ended = endedTokens(events.filter(isOfToken), withDevices);
      const watermarks = events.filter((event) => !isOfToken(event)).map(watermark);
      return { case: 'snapshot', value: { partition, first, last, ended, watermarks } };
    }
    case 'events': {
      const events = response.events.map((event) => watchEvent(event, withDevices));
      const { partition } = response;
      return { case: 'events', value: create(WatchEventsSchema, { partition, events }) };
    }
    case 'checkpoint': {
      const { renewal, timeMs, moved, uncovered } = response;
      const time = timestampFromMs(timeMs);
      const places = moved.map(({ partition, place }) => {
        return { partition, revision: BigInt(place.revision), entryId: place.entryId };
      });
      const value = { renewal: BigInt(renewal), time, moved: places, uncovered: [...uncovered] };
      return { case: 'checkpoint', value };
    }
    case 'reset': {
      const { partition, reason } = response;
      return { case: 'reset', value: { partition, reason: RESET[reason] } };
    }
  }
}

function isOfToken({ tokenId }: FeedEvent): boolean {
  return tokenId !== '';
}

function watchEvent(
  event: FeedEvent,
  withDevices: boolean,
): MessageInitShape<typeof WatchEventSchema> {
  const { revision, entryId, awaited } = event;
  const time = timestampFromMs(endedAtMs(event));
  return {
    ...{ revision: BigInt(revision), entryId, time, awaited },
    event: isOfToken(event)
      ? { case: 'ended', value: endedToken(event, withDevices) }
      : { case: 'watermark', value: watermark(event) },
  };
}

function endedToken(event: FeedEvent, withDevices: boolean) {
  const device = withDevices ? deviceOf(event) : undefined;
  return create(EndedTokenSchema, {
    tokenId: uuidBytes([event.tokenId]),
    sessionId: uuidBytes([event.sessionId]),
    expireTime: timestampFromMs(event.expiresAtMs),
    reason: reasonOf(event),
    ...(device && { device }),
  });
}

function endedTokens(
  events: readonly FeedEvent[],
  withDevices: boolean,
): MessageInitShape<typeof EndedTokensSchema> {
  return {
    tokenIds: uuidBytes(events.map(({ tokenId }) => tokenId)),
    sessionIds: uuidBytes(events.map(({ sessionId }) => sessionId)),
    expireSeconds: events.map(({ expiresAtMs }) => Math.ceil(expiresAtMs / 1_000)),
    reasons: events.map(reasonOf),
    devices: withDevices ? events.map((event) => deviceOf(event) ?? {}) : [],
  };
}

function watermark(event: FeedEvent): MessageInitShape<typeof WatermarkSchema> {
  const time = timestampFromMs(endedAtMs(event));
  return { time, revision: BigInt(event.revision), scope: watermarkScope(event) };
}

function watermarkScope(event: FeedEvent): Scope {
  const scope = scopeOf(event);
  if (scope === 'all') return { case: 'all', value: true };
  if ('tenantId' in scope) return { case: 'tenantId', value: scope.tenantId };
  return { case: 'keyId', value: scope.keyId };
}

function reasonOf({ reason }: FeedEvent) {
  return fromRevocationReason((reason || undefined) as RevocationReason | undefined);
}

/** UUIDs as 16 bytes each, one after the other. */
function uuidBytes(ids: readonly string[]): Uint8Array<ArrayBuffer> {
  const hex = ids.join('').replaceAll('-', '');
  const bytes = new Uint8Array(hex.length / 2);
  Buffer.from(bytes.buffer).write(hex, 'hex');
  return bytes;
}
