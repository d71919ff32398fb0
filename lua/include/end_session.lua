-- Moves one session from the active to the revoked table. The event comes first: should only the
-- beginning of this step survive in a torn log, whoever has the feed still hears of the end. `at` names
-- the keys, `who` the session, its ends in seconds, as stored.
-- include: number, record, remember
local function end_session(at, who, reason, by, now, skew_ms, feed_ms)
  local exp, rexp = number(who.exp) * 1000, number(who.rexp) * 1000
  local revision = record(at, feed_ms, now, {
    event = reason == 'SUPERSEDED' and 'SUPERSEDE' or reason == 'EXPIRED' and 'EXPIRE' or 'REVOKE',
    member = who.member, sid = who.sid, jti = who.jti, exp = exp, reason = reason, by = by,
  })
  redis.call('DEL', at.active)
  redis.call('ZREM', at.user, who.device)
  redis.call('ZREM', at.expiry, who.member)
  remember(at.revoked_token, exp, skew_ms, now, reason, revision, by)
  remember(at.revoked_session, rexp, skew_ms, now, reason, revision, by)
  return revision
end
