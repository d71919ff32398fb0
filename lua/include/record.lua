-- Appends one event to the partition's feed and drops events older than `feed_ms`. The revision is
-- the partition's own counter: without a gap and never falling, so a reader can tell what it missed.
local function record(revision_key, feed, feed_ms, now, event)
  local revision = redis.call('INCR', revision_key)
  redis.call('XADD', feed, 'MINID', '~', string.format('%.0f', math.max(now - feed_ms, 0)), '*',
    'revision', revision, 'event', event.event, 'member', event.member, 'sid', event.sid,
    'jti', event.jti, 'exp', event.exp, 'reason', event.reason, 'by', event.by)
  return revision
end
