-- Records, as the server's own scripts would, sessions that began and were ended by a logout.
-- include: record, clock
-- KEYS[1] watermarks  hash
-- KEYS[2] revision    string
-- KEYS[3] feed        stream
-- KEYS[4] channel     channel
-- ARGV[1] feed_ms     how long the feed keeps an event
-- ARGV[2] member      whose sessions they were
-- ARGV[3] life_ms     how long their tokens would have lived
-- ARGV[4...]          token ids
local at = { watermarks = KEYS[1], revision = KEYS[2], feed = KEYS[3], channel = KEYS[4] }
local now = clock()
local exp = now + tonumber(ARGV[3])
for i = 4, #ARGV do
  local event = { event = 'ISSUE', member = ARGV[2], sid = ARGV[i], jti = ARGV[i], exp = exp, reason = '', by = 'bench' }
  record(at, tonumber(ARGV[1]), now, event)
  event.event = 'REVOKE'
  event.reason = 'LOGOUT'
  record(at, tonumber(ARGV[1]), now, event)
end
return { 'ENDED' }
