-- When the last session of a partition ends, by its expiry index; 0 if there is none. Marks, whose
-- members begin with a colon, are passed over; if the latest 256 are all marks, the earliest of them
-- stands for whatever is below.
local function last_end(expiry)
  local latest = redis.call('ZRANGE', expiry, 0, 255, 'REV', 'WITHSCORES')
  for i = 1, #latest, 2 do
    if string.sub(latest[i], 1, 1) ~= ':' or i == 511 then return tonumber(latest[i + 1]) end
  end
  return 0
end
