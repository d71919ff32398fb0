#!lua
-- One step of the generic cell rate algorithm (GCRA): whether a request conforms to a rate with a
-- burst, and if not, when one will. The one stored number is the theoretical arrival time.
-- include: number, clock
-- KEYS[1] limit         string  theoretical arrival time, milliseconds since the epoch
-- ARGV[1] interval_ms   time that one request is worth, may have a fraction
-- ARGV[2] burst         requests that may come at once
-- Reply 0 when it conforms, else milliseconds until one would
local limit = KEYS[1]
local interval_ms, burst = number(ARGV[1]), number(ARGV[2])

local now = clock()
local arrival = math.max(tonumber(redis.call('GET', limit) or 0), now) + interval_ms
local early_ms = arrival - interval_ms * burst - now
if early_ms > 0 then return math.ceil(early_ms) end
redis.call('SET', limit, string.format('%.3f', arrival), 'PX', math.ceil(arrival - now) + 1)
return 0
