-- Enters a session into the user's index and the expiry index, and gives it a time to live: a safety
-- net behind the sweeper, which comes first unless it is down for longer than the margin. The indexes
-- have none. Whatever is in the user's is in the expiry index as well, and the sweeper takes it out of
-- both, be there a session or not.
local MARGIN_MS = 3600000

local function index(active, user, expiry, device, member, expires_at)
  redis.call('PEXPIREAT', active, string.format('%.0f', expires_at + MARGIN_MS))
  redis.call('ZADD', user, expires_at, device)
  redis.call('ZADD', expiry, expires_at, member)
end
