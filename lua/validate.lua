#!lua flags=allow-oom
-- Whether tokens are good right now, as many as come at once. It only reads, and is declared able to
-- write on purpose: Redis then refuses it on a replica and on a primary that has lost its replicas, so
-- that neither can say "active" from a state that has been overtaken.
-- include: clock
-- KEYS[1 + 4i] active         hash    the device's session
-- KEYS[2 + 4i] revoked_token  string  the token's entry in the revoked table
-- KEYS[3 + 4i] watermarks     hash    revoked tenants and keys, or everything
-- KEYS[4 + 4i] revision       string  the partition's counter
-- ARGV[1 + 2i] jti            token id
-- ARGV[2 + 2i] tenant_field   the tenant's field in watermarks
-- Reply for each { UNKNOWN, revision } | { EXPIRED, revision, '', fp } | { REVOKED, revision, reason, fp }
-- Reply for each { ACTIVE, revision, '', fp, sid, iat, exp, scp, aud, clm }
if #KEYS == 0 or #KEYS ~= 2 * #ARGV then error('keys and arguments do not match', 0) end

local now = clock()
local function look_up(active, revoked_token, watermarks, revision_key, jti, tenant_field)
  local revision = tonumber(redis.call('GET', revision_key) or 0)
  local revoked = redis.call('GET', revoked_token)
  if revoked then return { 'REVOKED', revision, string.match(revoked, '^%S+'), '' } end

  local session = redis.call('HMGET', active, FIELD.jti, FIELD.exp, FIELD.rev, FIELD.kid, FIELD.fp,
    FIELD.sid, FIELD.iat, FIELD.scp, FIELD.aud, FIELD.clm)
  if session[1] ~= jti then return { 'UNKNOWN', revision } end
  local expires_at, fingerprint = session[2], session[5] or ''
  local mark = redis.call('HMGET', watermarks, tenant_field, 'k:' .. session[4], 'all')
  local revision_of_session = tonumber(session[3])
  if mark[1] and tonumber(mark[1]) >= revision_of_session or mark[3] and tonumber(mark[3]) >= revision_of_session then
    return { 'REVOKED', revision, 'TENANT', fingerprint }
  end
  if mark[2] then return { 'REVOKED', revision, 'KEY', fingerprint } end
  if tonumber(expires_at) * 1000 <= now then return { 'EXPIRED', revision, '', fingerprint } end
  return { 'ACTIVE', revision, '', fingerprint, session[6], session[7], expires_at, session[8], session[9], session[10] }
end

local replies = {}
for i = 0, #KEYS / 4 - 1 do
  local active, revoked_token, watermarks, revision_key = KEYS[1 + 4 * i], KEYS[2 + 4 * i], KEYS[3 + 4 * i], KEYS[4 + 4 * i]
  -- What is wrong with one session is not the others' business.
  local succeeded, reply = pcall(look_up, active, revoked_token, watermarks, revision_key, ARGV[1 + 2 * i], ARGV[2 + 2 * i])
  replies[i + 1] = (succeeded or type(reply) == 'table') and reply or { err = tostring(reply) }
end
return replies
