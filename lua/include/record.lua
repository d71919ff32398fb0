-- Appends one event to the partition's feed, drops events older than its window, and tells the event to
-- whoever listens on the partition's channel. The revision is the partition's own counter: without a
-- gap and never falling, so a reader can tell what it missed. It comes before everything else that a
-- script changes: of a step that a torn log has only the beginning of, the counter tells.
-- An entry has few fields, because reading costs by the field: who did it, and in one text the event's
-- revision, name, expiry in ms, reason, session id, token id, whether it is awaited, and member, by
-- spaces; only the member may hold spaces.
-- The message is the entry's id and that text (src/store/feed/event.ts reads it).
-- `at` names the partition's keys, and says by `awaited`, '1', that a revocation waits for the edges.
-- include: feed_window
local function record(at, feed_ms, now, event)
  local awaited = at.awaited or '0'
  local revision = redis.call('INCR', at.revision)
  local oldest = math.max(now - feed_window(at.watermarks, feed_ms), 0)
  local text = table.concat({ revision, event.event, string.format('%.0f', event.exp), event.reason,
    event.sid, event.jti, awaited, event.member }, ' ')
  local id = redis.call('XADD', at.feed, 'MINID', '~', string.format('%.0f', oldest), '*',
    'event', text, 'by', event.by)
  redis.call('SPUBLISH', at.channel, id .. ' ' .. text)
  return revision
end
