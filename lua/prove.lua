#!lua
-- Notes the use of proofs that keys are held, each once: a proof that was seen before, wherever it was
-- presented, is a replay. Whether it is its time is judged here, by the one clock that all servers have.
-- include: number, clock, each
-- KEYS[1 + i] proof     string  there once the proof was used
-- ARGV[1 + 2i] from_ms  when the proof begins to hold
-- ARGV[2 + 2i] until_ms when it ends to hold
-- Reply for each FRESH | REPLAYED | OUTSIDE
local now = clock()

return each(1, 2, function(key, arg)
  local proof = KEYS[key + 1]
  local from_ms, until_ms = number(ARGV[arg + 1]), number(ARGV[arg + 2])

  if now < from_ms or now > until_ms then return 'OUTSIDE' end
  local set = redis.call('SET', proof, '', 'NX', 'PXAT', string.format('%.0f', until_ms + 1))
  return set and 'FRESH' or 'REPLAYED'
end)
