#!lua flags=allow-oom
-- What is over in a partition, and when there will be more; drops old events from a feed in which
-- nothing happens on the way.
-- include: number, clock, feed_window
-- KEYS[1] watermarks  hash    revoked tenants and keys
-- KEYS[2] expiry      zset    what ends when
-- KEYS[3] feed        stream  the partition's events
-- ARGV[1] feed_ms     how long the feed keeps an event
-- ARGV[2] limit       members at most
-- Reply { DUE, next_ms, member ... }: next_ms until something else is over, -1 if there is nothing
local watermarks, expiry, feed = KEYS[1], KEYS[2], KEYS[3]
local feed_ms, limit = number(ARGV[1]), number(ARGV[2])

local now = clock()
local oldest = math.max(now - feed_window(watermarks, feed_ms), 0)
redis.call('XTRIM', feed, 'MINID', string.format('%.0f', oldest))
local due = redis.call('ZRANGE', expiry, '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, limit)
local coming = redis.call('ZRANGE', expiry, string.format('(%.0f', now), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
local next_ms = coming[2] and math.ceil(tonumber(coming[2]) - now) or -1
return { 'DUE', next_ms, unpack(due) }
