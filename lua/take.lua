#!lua
-- Counts requests against rates: whether each conforms, and if not, when one will.
-- include: number, clock, conform, each
-- KEYS[1 + i] limit         string  theoretical arrival time, milliseconds since the epoch
-- ARGV[1 + 2i] interval_ms  time that one request is worth, may have a fraction
-- ARGV[2 + 2i] burst        requests that may come at once
-- Reply for each 0 when it conforms, else milliseconds until one would
local now = clock()

return each(1, 2, function(key, arg)
  local limit = KEYS[key + 1]
  local interval_ms, burst = number(ARGV[arg + 1]), number(ARGV[arg + 2])

  return conform(limit, interval_ms, burst, now)
end)
