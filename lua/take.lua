#!lua
-- Steps of the generic cell rate algorithm (GCRA): whether a request conforms to a rate with a burst,
-- and if not, when one will. The one number stored for each is the theoretical arrival time.
-- include: number, clock, each
-- KEYS[1 + i] limit         string  theoretical arrival time, milliseconds since the epoch
-- ARGV[1 + 2i] interval_ms  time that one request is worth, may have a fraction
-- ARGV[2 + 2i] burst        requests that may come at once
-- Reply for each 0 when it conforms, else milliseconds until one would
local now = clock()

return each(1, 2, function(key, arg)
  local limit = KEYS[key + 1]
  local interval_ms, burst = number(ARGV[arg + 1]), number(ARGV[arg + 2])

  local arrival = math.max(tonumber(redis.call('GET', limit) or 0), now) + interval_ms
  local early_ms = arrival - interval_ms * burst - now
  if early_ms > 0 then return math.ceil(early_ms) end
  redis.call('SET', limit, string.format('%.3f', arrival), 'PX', math.ceil(arrival - now) + 1)
  return 0
end)
