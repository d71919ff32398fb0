import type { Config } from '../../config/config.ts';
import type { StoreSettings } from '../../store/store.ts';

/** What the store needs to know of the configuration. */
export function storeSettings(
  config: Config,
  onConnectionError: (line: string) => void,
): StoreSettings {
  const { redis, lifetimes, sessions, limits, edges } = config;
  return {
    redis: {
      url: redis.url.reveal(),
      urlNow: config.redisUrlNow,
      caFile: redis.caFile,
      certFile: redis.certFile,
      keyFile: redis.keyFile,
      passwordFile: redis.passwordFile,
      commandTimeoutMs: redis.commandTimeoutMs,
      connectTimeoutMs: redis.connectTimeoutMs,
      name: 'signum',
    },
    mayWait: {
      changed: Math.ceil(limits.maxInflight / 2),
      unchanged: Math.ceil(limits.maxInflight / 8),
    },
    wire: redis.wire,
    issuer: config.tokens.issuer,
    partitions: redis.partitions,
    leaseMs: edges.leaseMs,
    policy: {
      skewMs: sessions.clockSkewMs,
      graceMs: sessions.refreshGraceMs,
      feedMs: lifetimes.accessMs + sessions.clockSkewMs,
      longestLifeMs: lifetimes.sessionMs + sessions.clockSkewMs,
      maxDevices: sessions.maxDevices,
    },
    onConnectionError,
  };
}
