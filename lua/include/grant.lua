-- What a server needs to sign the session's tokens: status, revision, the time
-- in milliseconds, then the fields as stored.
local function grant(status, revision, now, active, superseded)
  local session = redis.call('HMGET', active,
    FIELD.sid, FIELD.jti, FIELD.kid, FIELD.gen, FIELD.iat, FIELD.exp, FIELD.rexp, CLAIM_FIELDS)
  return { status, revision, now, superseded, unpack(session) }
end
