-- A step of the generic cell rate algorithm (GCRA): 0 if a request conforms to a rate with a burst, and
-- is counted; else, and then it is not, the milliseconds until one would. The one number stored is the
-- theoretical arrival time.
local function conform(limit, interval_ms, burst, now)
  local arrival = math.max(tonumber(redis.call('GET', limit) or 0), now) + interval_ms
  local early_ms = arrival - interval_ms * burst - now
  if early_ms > 0 then return math.ceil(early_ms) end
  redis.call('SET', limit, string.format('%.3f', arrival), 'PX', math.ceil(arrival - now) + 1)
  return 0
end
