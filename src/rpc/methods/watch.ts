import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  FeedService,
  type WatchCursor,
  type WatchRequest,
  type WatchStart,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import type { StreamCall } from '../../call/endpoint.ts';
import { invalidField } from '../../domain/errors.ts';
import type { Cursor } from '../../revocations/subscriber.ts';
import type { Watch as Subscriptions, Watching } from '../../revocations/watch.ts';
import { type FeedPartCache, fromFeedResponse } from '../messages/feed-response.ts';
import { toId } from '../messages/values.ts';
import { bidiRule } from '../method-rule.ts';

export interface WatchDeps {
  readonly watch: Subscriptions;
  readonly deployment: WatchedDeployment;
}

/** What a subscriber has to know of the deployment. */
export interface WatchedDeployment {
  readonly partitions: number;
  readonly leaseMs: number;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly clockSkewMs: number;
  readonly failoverWindowMs: number;
}

/** The feed of ended tokens. */
export function watch({ watch: subscriptions, deployment }: WatchDeps) {
  const caches: Readonly<Record<'plain' | 'withDevices', FeedPartCache>> = {
    plain: new WeakMap(),
    withDevices: new WeakMap(),
  };
  return bidiRule(FeedService.method.watch, {
    size: 'batch',
    async *handle(call, inputs) {
      const requests = inputs[Symbol.asyncIterator]();
      const first = await requests.next();
      if (first.done) return;
      const start = startOf(first.value);
      const tenants = tenantsOf(call, start);
      const cursor = start.cursor && toCursor(start.cursor);
      const watching = await subscriptions.begin({ tenants, cursor, edge: start.edge });
      const { subscriber } = watching;
      call.ended.addEventListener('abort', { handleEvent: () => subscriber.end() });
      let fault: unknown;
      listen(requests, watching).catch((thrown: unknown) => {
        fault = thrown;
        subscriber.end();
      });
      const format = {
        withDevices: start.includeDevices,
        cache: start.includeDevices ? caches.withDevices : caches.plain,
        welcome: welcomeOf(deployment, tenants),
      };
      try {
        for (let next = await subscriber.next(); next; next = await subscriber.next()) {
          yield fromFeedResponse(next, format);
        }
        if (fault !== undefined) throw fault;
      } finally {
        watching.leave();
      }
    },
  });
}

function startOf({ request }: WatchRequest): WatchStart {
  if (request.case === 'start') return request.value;
  throw invalidField('request', 'must be start in the first message');
}

/** Those that are named, or all that the caller may watch. */
function tenantsOf(call: StreamCall, { tenantIds }: WatchStart): ReadonlySet<string> | '*' {
  const named = tenantIds.map((tenantId, i) => toId(`start.tenant_ids[${i}]`, tenantId));
  if (named.length > 0) return new Set(named);
  return call.caller.kind === 'service' ? call.caller.tenants : new Set();
}

function toCursor({ deploymentId, partitions }: WatchCursor): Cursor {
  const places = new Map(
    partitions.map(({ partition, revision, entryId }, i) => {
      if (!/^(\d{1,15}-\d{1,15})?$/.test(entryId)) {
        throw invalidField(`start.cursor.partitions[${i}].entry_id`, 'must be the id of an entry');
      }
      return [partition, { revision: Number(revision), entryId }];
    }),
  );
  return { deploymentId, places };
}

function welcomeOf(deployment: WatchedDeployment, tenants: ReadonlySet<string> | '*') {
  const { partitions, leaseMs, issuer, audiences, clockSkewMs, failoverWindowMs } = deployment;
  return {
    ...{ partitions, issuer, audiences: [...audiences] },
    lease: durationFromMs(leaseMs),
    clockSkew: durationFromMs(clockSkewMs),
    failoverWindow: durationFromMs(failoverWindowMs),
    tenantIds: tenants === '*' ? [] : [...tenants],
  };
}

/** Reads what the subscriber says until it says no more. */
async function listen(requests: AsyncIterator<WatchRequest>, { edge }: Watching): Promise<void> {
  let newest = 0n;
  for (let next = await requests.next(); !next.done; next = await requests.next()) {
    const { request } = next.value;
    if (request.case === 'start') throw invalidField('request', 'must not be start again');
    if (!edge) throw invalidField('request', 'must be start.edge to renew and acknowledge');
    if (request.case === 'ack') edge.applied(Number(request.value.applied));
    if (request.case !== 'renew') continue;
    const { renewal, applied } = request.value;
    if (renewal <= newest) {
      throw invalidField('renew.renewal', 'must be greater than the one before');
    }
    newest = renewal;
    edge.renew(Number(renewal), Number(applied));
  }
}
