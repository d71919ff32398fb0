#!lua flags=allow-oom
-- Forgets a watermark that covers nothing alive any more, and drops old events from the feed of a
-- partition in which nothing happens.
-- include: number, clock
-- KEYS[1] watermarks  hash    revoked tenants and keys
-- KEYS[2] expiry      zset    what ends when
-- KEYS[3] feed        stream  the partition's events
-- ARGV[1] feed_ms     how long the feed keeps an event
-- ARGV[2...] fields   t:<tenant> | k:<kid> | all
-- Reply the number of watermarks forgotten
local watermarks, expiry, feed = KEYS[1], KEYS[2], KEYS[3]
local feed_ms = number(ARGV[1])

local now, forgotten = clock(), 0
for i = 2, #ARGV do
  local score = redis.call('ZSCORE', expiry, ':' .. ARGV[i])
  if score and tonumber(score) <= now then
    redis.call('HDEL', watermarks, ARGV[i])
    redis.call('ZREM', expiry, ':' .. ARGV[i])
    forgotten = forgotten + 1
  end
end
redis.call('XTRIM', feed, 'MINID', string.format('%.0f', math.max(now - feed_ms, 0)))
return forgotten
