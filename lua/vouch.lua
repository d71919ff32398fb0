#!lua flags=allow-oom
-- Says that a primary is one, and which. It only reads, and is declared able to write on purpose: Redis
-- then refuses it on a replica and on a primary that has lost its replicas. Over a connection that is
-- subscribed to channels, everything that was committed before it ran comes before its reply.
-- include: clock, history
-- KEYS[1] revision  string  a counter of the primary, to find it
-- Reply { PRIMARY, now, history }
local revision = KEYS[1]

redis.call('EXISTS', revision)
return { 'PRIMARY', clock(), history() }
