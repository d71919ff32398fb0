-- Enters a session into the user's index and the expiry index, and gives both keys the time to live
-- that keeps nothing for ever. The session's own time to live is a safety net behind the sweeper,
-- which comes first unless it is down for longer than the margin.
local INDEX_MARGIN_MS = 3600000

local function index(active, user, expiry, device, member, expires_at)
  local until_ms = string.format('%.0f', expires_at + INDEX_MARGIN_MS)
  redis.call('PEXPIREAT', active, until_ms)
  redis.call('ZADD', user, expires_at, device)
  if redis.call('PEXPIRETIME', user) < expires_at + INDEX_MARGIN_MS then
    redis.call('PEXPIREAT', user, until_ms)
  end
  redis.call('ZADD', expiry, expires_at, member)
end
