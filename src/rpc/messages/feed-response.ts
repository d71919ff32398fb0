import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  EndedTokenSchema,
  type EndedTokensSchema,
  type WatchEventSchema,
  type WatchPart,
  WatchPartSchema,
  WatchReset_Reason,
  type WatchResponse,
  WatchResponseSchema,
  type WatermarkSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import type { RevocationReason } from '../../domain/session.ts';
import { deviceOf, endedAtMs, type FeedEvent, scopeOf } from '../../revocations/ended.ts';
import type { FeedPart, FeedResponse, ResetReason } from '../../revocations/responses.ts';
import { fromRevocationReason } from './values.ts';

type Part = NonNullable<MessageInitShape<typeof WatchPartSchema>['part']>;
type Scope = NonNullable<MessageInitShape<typeof WatermarkSchema>['scope']>;

/** Parts that went to another subscriber already: nearly all are the same for many. */
export type FeedPartCache = WeakMap<FeedPart, WatchPart>;

export interface FeedFormat {
  /** Of those with the same `withDevices`. */
  readonly cache: FeedPartCache;
  /** Whether ended tokens come with the device that they were of. */
  readonly withDevices: boolean;
  /** What a subscriber has to know of the deployment beside its history. */
  readonly welcome: Omit<Extract<Part, { case: 'welcome' }>['value'], 'deploymentId' | '$typeName'>;
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
  { sequence, parts }: FeedResponse,
  format: FeedFormat,
): WatchResponse {
  return create(WatchResponseSchema, {
    sequence: BigInt(sequence),
    parts: parts.map((part) => cached(part, format)),
  });
}

/** One object for all who are told the same: so it is encoded once as well; see write-feed.ts. */
function cached(part: FeedPart, format: FeedFormat): WatchPart {
  const known = format.cache.get(part);
  if (known) return known;
  const made = create(WatchPartSchema, { part: toPart(part, format) });
  // Welcomes and checkpoints are each subscriber's own.
  if (part.kind === 'events' || part.kind === 'snapshot') format.cache.set(part, made);
  return made;
}

function toPart(part: FeedPart, { withDevices, welcome }: FeedFormat): Part {
  switch (part.kind) {
    case 'welcome':
      return { case: 'welcome', value: { ...welcome, deploymentId: part.deploymentId } };
    case 'keys':
      return { case: 'keys', value: { jwksJson: part.jwks } };
    case 'snapshot': {
      const { partition, first, last, events } = part;
      const ended = endedTokens(events.filter(isOfToken), withDevices);
      const watermarks = events.filter((event) => !isOfToken(event)).map(watermark);
      return { case: 'snapshot', value: { partition, first, last, ended, watermarks } };
    }
    case 'events': {
      const events = part.partitions.flatMap(({ partition, events: of }) =>
        of.map((event) => watchEvent(partition, event, withDevices)),
      );
      return { case: 'events', value: { events } };
    }
    case 'checkpoint': {
      const { renewal, timeMs, moved, uncovered } = part;
      const time = timestampFromMs(timeMs);
      const places = moved.map(({ partition, place }) => {
        return { partition, revision: BigInt(place.revision), entryId: place.entryId };
      });
      const value = { renewal: BigInt(renewal), time, moved: places, uncovered: [...uncovered] };
      return { case: 'checkpoint', value };
    }
    case 'reset': {
      const { partition, reason } = part;
      return { case: 'reset', value: { partition, reason: RESET[reason] } };
    }
  }
}

function isOfToken({ tokenId }: FeedEvent): boolean {
  return tokenId !== '';
}

function watchEvent(
  partition: number,
  event: FeedEvent,
  withDevices: boolean,
): MessageInitShape<typeof WatchEventSchema> {
  const { revision, entryId, awaited } = event;
  const time = timestampFromMs(endedAtMs(event));
  return {
    ...{ partition, revision: BigInt(revision), entryId, time, awaited },
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
  if ('lost' in scope) return { case: 'lost', value: scope.lost };
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
