#!lua flags=allow-oom
-- Forgets a watermark that covers nothing alive any more. Earlier versions raised marks with one colon,
-- whose end they took from what was configured at the time: such a mark gets another end, by the sessions
-- that there are.
-- include: clock, last_end
-- KEYS[1] watermarks  hash    revoked tenants and keys
-- KEYS[2] expiry      zset    what ends when
-- ARGV[1...] members  of marks in the expiry index: one or two colons, then t:<tenant> | k:<kid> | all
-- Reply the number of watermarks forgotten
local watermarks, expiry = KEYS[1], KEYS[2]
if #ARGV == 0 then error('no members', 0) end

local now, forgotten = clock(), 0
for i = 1, #ARGV do
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
return forgotten
