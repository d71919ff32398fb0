-- Appends one event to the partition's feed, drops events older than `feed_ms`, and tells the event to
-- whoever listens on the partition's channel. The revision is the partition's own counter: without a
-- gap and never falling, so a reader can tell what it missed. The message is the event's revision,
-- entry id, name, expiry in ms, reason, session id, token id and member, by spaces; only the member may
-- hold spaces (src/store/feed/event.ts reads it).
local function record(revision_key, feed, channel, feed_ms, now, event)
  local revision = redis.call('INCR', revision_key)
  local id = redis.call('XADD', feed, 'MINID', '~', string.format('%.0f', math.max(now - feed_ms, 0)), '*',
    'revision', revision, 'event', event.event, 'member', event.member, 'sid', event.sid,
    'jti', event.jti, 'exp', event.exp, 'reason', event.reason, 'by', event.by)
  redis.call('SPUBLISH', channel, table.concat({ revision, id, event.event,
    string.format('%.0f', event.exp), event.reason, event.sid, event.jti, event.member }, ' '))
  return revision
end
