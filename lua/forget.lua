#!lua flags=allow-oom
-- Forgets a watermark that covers nothing alive any more, and drops old events from the feed of a
-- partition in which nothing happens. Earlier versions raised marks with one colon, whose end they took
-- from what was configured at the time: such a mark gets another end, by the sessions that there are.
-- include: number, clock, last_end, feed_window
-- KEYS[1] watermarks  hash    revoked tenants and keys
-- KEYS[2] expiry      zset    what ends when
-- KEYS[3] feed        stream  the partition's events
-- ARGV[1] feed_ms     how long the feed keeps an event
-- ARGV[2...] members  of marks in the expiry index: one or two colons, then t:<tenant> | k:<kid> | all
-- Reply the number of watermarks forgotten
local watermarks, expiry, feed = KEYS[1], KEYS[2], KEYS[3]
local feed_ms = number(ARGV[1])

local now, forgotten = clock(), 0
for i = 2, #ARGV do
  local member = ARGV[i]
  local score = redis.call('ZSCORE', expiry, member)
  if score and tonumber(score) <= now then
    local exact = string.sub(member, 1, 2) == '::'
    local field = string.sub(member, exact and 3 or 2)
    redis.call('ZREM', expiry, member)
    if not exact then
      redis.call('ZADD', expiry, 'GT', math.max(last_end(expiry), now), '::' .. field)
    elseif not redis.call('ZSCORE', expiry, ':' .. field) then
      redis.call('HDEL', watermarks, field)
      forgotten = forgotten + 1
    end
  end
end
local oldest = math.max(now - feed_window(watermarks, feed_ms), 0)
redis.call('XTRIM', feed, 'MINID', string.format('%.0f', oldest))
return forgotten
