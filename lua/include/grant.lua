-- What a server needs to sign the session's tokens: status, revision, the time, then the fields.
local function grant(status, revision, now, active, superseded)
  local session = redis.call('HMGET', active,
    'sid', 'jti', 'kid', 'gen', 'iat', 'exp', 'rexp', 'scp', 'aud', 'clm')
  return { status, revision, now, superseded, unpack(session) }
end
