-- Gives a live session another access token in the place of one that counts no more: its key was
-- revoked or is gone, or one of its audiences is. Generation and ends stay, and with them the refresh
-- token. `at` names the keys, `who` the session, its ends in seconds, as stored.
-- include: number, record, remember
local function renew(at, who, jti, kid, audiences, by, now, skew_ms, feed_ms)
  local exp = number(who.exp) * 1000
  local revision = record(at, feed_ms, now, {
    event = 'REFRESH', member = who.member, sid = who.sid, jti = who.jti, exp = exp, reason = 'ROTATED', by = by,
  })
  remember(at.revoked_token, exp, skew_ms, now, 'ROTATED', revision, by)
  redis.call('HSET', at.active, FIELD.jti, jti, FIELD.kid, kid, FIELD.aud, audiences)
  redis.call('HDEL', at.active, FIELD.fp)
  return revision
end
