#!lua flags=allow-oom
-- Revokes everything that a tenant or anybody began, or a key signed, up to now: one number per
-- partition, however many sessions there are. The mark outlives every session that there is, however
-- long those were granted: by what is stored, not by what is configured now.
-- include: number, clock, record, last_end
-- KEYS[1] watermarks  hash    revoked tenants and keys
-- KEYS[2] expiry      zset    what ends when; a mark's member begins with two colons
-- KEYS[3] revision    string  the partition's counter
-- KEYS[4] feed        stream  the partition's events
-- KEYS[5] channel     none    where events are told
-- ARGV[1] field       t:<tenant> | k:<kid> | all
-- ARGV[2] keep_ms     how long the mark is kept at least
-- ARGV[3] event       REVOKE_TENANT | REVOKE_KEY | REVOKE_ALL
-- ARGV[4] by          caller's name
-- ARGV[5] feed_ms     how long the feed keeps an event
-- ARGV[6] awaited     1 if a revocation waits until edges have applied it, else 0
-- Reply { MARKED, revision }
local watermarks, expiry, revision_key, feed, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local field, keep_ms, event, by, feed_ms = ARGV[1], number(ARGV[2]), ARGV[3], ARGV[4], number(ARGV[5])
local awaited = ARGV[6]

local now = clock()
local until_ms = math.max(now + keep_ms, last_end(expiry))
local at = {
  revision = revision_key, feed = feed, channel = channel, watermarks = watermarks, awaited = awaited,
}
local revision = record(at, feed_ms, now, {
  event = event, member = field, sid = '', jti = '', exp = until_ms, reason = '', by = by,
})
redis.call('HSET', watermarks, field, revision)
redis.call('ZADD', expiry, until_ms, '::' .. field)
return { 'MARKED', revision }
