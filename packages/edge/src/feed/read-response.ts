import { timestampMs } from '@bufbuild/protobuf/wkt';
import type {
  EndedTokens,
  WatchEvent,
  WatchPart,
  WatchResponse,
  Watermark,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import type { EndedColumns, FeedEvent, FeedMessage, FeedPart } from '../core/feed-message.ts';
import type { Mark } from '../core/watermarks.ts';

/**
 * Puts a response of the feed into types of its own. Undefined if it holds something that this version does
 * not know: who does not understand an event has missed it.
 */
export function readResponse({ sequence, parts }: WatchResponse): FeedMessage | undefined {
  const read = parts.map(readPart);
  if (!read.every((part) => part !== undefined)) return undefined;
  return { sequence: Number(sequence), parts: read };
}

function readPart({ part }: WatchPart): FeedPart | undefined {
  switch (part.case) {
    case 'welcome': {
      const { lease, clockSkew, failoverWindow, ...welcome } = part.value;
      return {
        kind: 'WELCOME',
        ...{ deploymentId: welcome.deploymentId, partitions: welcome.partitions },
        ...{ issuer: welcome.issuer, audiences: welcome.audiences, tenantIds: welcome.tenantIds },
        leaseMs: durationMs(lease),
        clockSkewMs: durationMs(clockSkew),
        failoverWindowMs: durationMs(failoverWindow),
      };
    }
    case 'keys':
      return { kind: 'KEYS', jwksJson: part.value.jwksJson };
    case 'snapshot': {
      const { partition, first, last, ended, watermarks } = part.value;
      const marks = watermarks.map(readMark);
      if (!marks.every((mark) => mark !== undefined)) return undefined;
      return {
        ...{ kind: 'SNAPSHOT', partition, first, last },
        ended: readEnded(ended),
        watermarks: marks,
      };
    }
    case 'events': {
      const events = part.value.events.map(readEvent);
      if (!events.every((event) => event !== undefined)) return undefined;
      return { kind: 'EVENTS', events };
    }
    case 'checkpoint': {
      const { renewal, time, moved, uncovered } = part.value;
      return {
        ...{ kind: 'CHECKPOINT', renewal: Number(renewal), uncovered },
        timeMs: time === undefined ? 0 : timestampMs(time),
        moved: moved.map(({ partition, revision, entryId }) => ({
          partition,
          revision: Number(revision),
          entryId,
        })),
      };
    }
    case 'reset':
      return { kind: 'RESET', partition: part.value.partition };
    default:
      return undefined;
  }
}

function durationMs(duration: { seconds: bigint; nanos: number } | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}

const NOTHING_ENDED: EndedColumns = { tokenIds: new Uint8Array(), expiresAtS: [], reasons: [] };

function readEnded(ended: EndedTokens | undefined): EndedColumns {
  if (ended === undefined) return NOTHING_ENDED;
  const { tokenIds, expireSeconds: expiresAtS, reasons } = ended;
  return { tokenIds, expiresAtS, reasons };
}

function readEvent(told: WatchEvent): FeedEvent | undefined {
  const { partition, revision, entryId, awaited, event } = told;
  const at = { partition, revision: Number(revision), entryId, awaited };
  if (event.case === 'watermark') {
    const watermark = readMark(event.value);
    return watermark && { ...at, change: { watermark } };
  }
  if (event.case !== 'ended' || event.value.expireTime === undefined) return undefined;
  const { tokenId, expireTime, reason } = event.value;
  return { ...at, change: { ended: { tokenId, expiresAtS: Number(expireTime.seconds), reason } } };
}

function readMark({ scope, time, revision }: Watermark): Mark | undefined {
  if (time === undefined) return undefined;
  const at = { timeMs: timestampMs(time), revision: Number(revision) };
  switch (scope.case) {
    case 'tenantId':
      return { ...at, scope: { tenantId: scope.value } };
    case 'keyId':
      return { ...at, scope: { keyId: scope.value } };
    case 'all':
      return scope.value ? { ...at, scope: { all: true } } : undefined;
    case 'lost':
      return scope.value ? { ...at, scope: { lost: scope.value } } : undefined;
    default:
      return undefined;
  }
}
