-- For how long a partition's feed keeps an event: the longest that any server has ever asked for, so
-- that the end of a token stays in it while the token would live, whatever is configured by now.
local function feed_window(watermarks, feed_ms)
  local kept_ms = tonumber(redis.call('HGET', watermarks, 'feed') or 0)
  if feed_ms <= kept_ms then return kept_ms end
  redis.call('HSET', watermarks, 'feed', feed_ms)
  return feed_ms
end
