-- The one clock: Redis' own, read once per script, in milliseconds since the epoch.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
