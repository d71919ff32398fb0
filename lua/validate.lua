#!lua flags=allow-oom
-- Whether tokens are good right now, as many as come at once. It only reads, and is declared able to
-- write on purpose: Redis then refuses it on a replica and on a primary that has lost its replicas, so
-- that neither can say "active" from a state that has been overtaken.
-- include: clock, each
-- KEYS[1 + 4i] active         hash    the device's session
-- KEYS[2 + 4i] revoked_token  string  the token's entry in the revoked table
-- KEYS[3 + 4i] watermarks     hash    revoked tenants and keys, or everything
-- KEYS[4 + 4i] revision       string  the partition's counter
-- ARGV[1 + 2i] jti            token id
-- ARGV[2 + 2i] tenant_field   the tenant's field in watermarks
-- Reply for each { UNKNOWN, revision } | { EXPIRED, revision, '', fp } | { REVOKED, revision, reason, fp }
-- Reply for each { ACTIVE, revision, '', fp, sid, iat, exp, kid, iss, now, CLAIM_FIELDS }
local now = clock()

return each(4, 2, function(key, arg)
  local active, revoked_token = KEYS[key + 1], KEYS[key + 2]
  local watermarks, revision_key = KEYS[key + 3], KEYS[key + 4]
  local jti, tenant_field = ARGV[arg + 1], ARGV[arg + 2]

  local revision = tonumber(redis.call('GET', revision_key) or 0)
  local revoked = redis.call('GET', revoked_token)
  if revoked then return { 'REVOKED', revision, string.match(revoked, '^%S+'), '' } end

  local session = redis.call('HMGET', active, FIELD.jti, FIELD.exp, FIELD.rev, FIELD.kid, FIELD.fp,
    FIELD.sid, FIELD.iat, FIELD.iss, CLAIM_FIELDS)
  if session[1] ~= jti then return { 'UNKNOWN', revision } end
  local expires_at, fingerprint = session[2], session[5] or ''
  local mark = redis.call('HMGET', watermarks, tenant_field, 'k:' .. session[4], 'all')
  local revision_of_session = tonumber(session[3])
  if mark[1] and tonumber(mark[1]) >= revision_of_session or mark[3] and tonumber(mark[3]) >= revision_of_session then
    return { 'REVOKED', revision, 'TENANT', fingerprint }
  end
  if mark[2] then return { 'REVOKED', revision, 'KEY', fingerprint } end
  if tonumber(expires_at) * 1000 <= now then return { 'EXPIRED', revision, '', fingerprint } end
  -- Most sessions have none of the last claims: what is absent there is not told.
  local last = #session
  while not session[last] do last = last - 1 end
  return { 'ACTIVE', revision, '', fingerprint,
    session[6], session[7], expires_at, session[4], session[8], now, unpack(session, 9, last) }
end)
