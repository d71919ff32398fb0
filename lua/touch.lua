#!lua flags=allow-oom
-- A write that changes nothing. WAITAOF counts from a connection's last write: with this one in between,
-- a call that found nothing left to do still waits for the effect that it found. INCRBY on its own
-- is refused when memory is full; in a script that is allowed to run then, it is not.
-- KEYS[1] revision  string  the partition's counter
-- Reply the counter
local revision = KEYS[1]

return redis.call('INCRBY', revision, 0)
