#!lua flags=allow-oom
-- Takes or keeps a lock that one server holds at a time. Whoever holds it and does not come back in time
-- loses it, so that another takes over.
-- include: number
-- KEYS[1] lock    string  who holds it
-- ARGV[1] owner   who asks
-- ARGV[2] ttl_ms  how long from now, or 0 to give it up
-- Reply 1 if the owner holds it now, else 0
local lock = KEYS[1]
local owner, ttl_ms = ARGV[1], number(ARGV[2])

local holder = redis.call('GET', lock)
if holder and holder ~= owner then return 0 end
if ttl_ms == 0 then
  redis.call('DEL', lock)
  return 0
end
redis.call('SET', lock, owner, 'PX', ttl_ms)
return 1
