#!lua
-- Begins a session on a device, taking the place of the one there. Two servers that issue for one
-- device at once cannot both succeed on the same predecessor: the caller says which session it
-- expects to find, and is told the right one if it is wrong. A repeated call that waits for the edges
-- is recorded even if it has nothing left to do: what the first has ended is before that.
-- include: number, clock, key_revoked, ended, audiences_left, record, remember, end_session, renew, index, grant
-- KEYS[1] active           hash    the device's session
-- KEYS[2] user             zset    the user's devices
-- KEYS[3] expiry           zset    sessions by the end of their life
-- KEYS[4] revision         string  the partition's counter
-- KEYS[5] watermarks       hash    revoked tenants and keys
-- KEYS[6] feed             stream  the partition's events
-- KEYS[7] channel          none    where events are told
-- KEYS[8] revoked_token    string  of the expected token
-- KEYS[9] revoked_session  string  of the expected session
-- KEYS[10] request         string  session and digest that this request id led to; absent without one
-- ARGV[1] member           encoded tenant:user:device
-- ARGV[2] device           device id
-- ARGV[3] expected_sid     session expected on the device, empty for none
-- ARGV[4] expected_jti     its token id
-- ARGV[5] sid              new session id
-- ARGV[6] jti              new token id
-- ARGV[7] access_ms        lifetime of access tokens, whole seconds
-- ARGV[8] refresh_ms       lifetime of refresh tokens, whole seconds
-- ARGV[9] session_ms       lifetime of the session, whole seconds
-- ARGV[10] policy          SUPERSEDE | DENY_NEW | REQUIRE_PROOF
-- ARGV[11] proof           <sid>:<generation> of a presented refresh token, or empty
-- ARGV[12] skew_ms         how long the revoked table keeps an id past its expiry
-- ARGV[13] feed_ms         how long the feed keeps an event
-- ARGV[14] max_devices     sessions a user may hold
-- ARGV[15] tenant_field    the tenant's field in watermarks
-- ARGV[16] by              caller's name
-- ARGV[17] kid             id of the key that will sign
-- ARGV[18] awaited         1 if a revocation waits until edges have applied what this ends, else 0
-- ARGV[19] digest         of who asks and what for, with a request id
-- ARGV[20] allowed        the deployment's audiences, by spaces
-- ARGV[21] stale_kid      id of a key that signs no more, if a repeated session is to leave it, or empty
-- ARGV[22] issuer         who issues, as stored, empty for the first issuer: a session of another is dead to it
-- ARGV[23] auth_time      when the user has authenticated, seconds, or empty
-- ARGV[24...] fields       further fields of the session, stored name and value in turn
-- Reply { CONFLICT, sid, jti } | { EXISTS } | { PROOF_REQUIRED } | { KEY_REVOKED }
-- Reply { DEVICE_LIMIT } | { CROWDED }: some of the sessions may be dead by a watermark
-- Reply { OTHER_REQUEST } | { MOVED_ON, reason } | { AUTH_TIME_AHEAD }
-- Reply { ISSUED | SUPERSEDED | REPEATED, revision, now, superseded_sid, grant fields }
local active, user, expiry, revision_key, watermarks, feed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local channel, revoked_token, revoked_session, request = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local member, device, expected_sid, expected_jti, sid, jti = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local access_ms, refresh_ms, session_ms = number(ARGV[7]), number(ARGV[8]), number(ARGV[9])
local policy, proof, max_devices = ARGV[10], ARGV[11], number(ARGV[14])
local skew_ms, feed_ms = number(ARGV[12]), number(ARGV[13])
local tenant_field, by, kid, awaited = ARGV[15], ARGV[16], ARGV[17], ARGV[18]
local digest, allowed, stale_kid, issuer, auth_time = ARGV[19], ARGV[20], ARGV[21], ARGV[22], ARGV[23]

if #ARGV % 2 == 0 then error('a field without a value', 0) end

local at = {
  active = active, user = user, expiry = expiry, revision = revision_key, feed = feed, channel = channel,
  watermarks = watermarks, revoked_token = revoked_token, revoked_session = revoked_session,
}
local now = clock()
local old = redis.call('HMGET', active,
  FIELD.sid, FIELD.jti, FIELD.gen, FIELD.exp, FIELD.rexp, FIELD.rev, FIELD.kid, FIELD.aud, FIELD.iss)
local old_sid, old_jti = old[1] or '', old[2] or ''
local over = old_sid ~= '' and ended(old[5], old[6], watermarks, tenant_field, now)
local foreign = (old[9] or '') ~= issuer
local who = { member = member, device = device, sid = old_sid, jti = old_jti, exp = old[4], rexp = old[5] }

local earlier = request and redis.call('GET', request)
if earlier then
  local earlier_sid, earlier_digest = string.match(earlier, '^(%S+) ?(.*)$')
  if earlier_digest ~= digest then return { 'OTHER_REQUEST' } end
  if earlier_sid ~= old_sid then return { 'MOVED_ON', 'SUPERSEDED' } end
  if over then return { 'MOVED_ON', over } end
  if old[3] ~= '0' then return { 'MOVED_ON', 'ROTATED' } end
  local left = audiences_left(old[8], allowed)
  if foreign or left == '' then return { 'MOVED_ON', 'ADMIN' } end
  local revision = tonumber(redis.call('GET', revision_key))
  if left ~= old[8] or old[7] == stale_kid or key_revoked(watermarks, old[7]) then
    if old_sid ~= expected_sid or old_jti ~= expected_jti then return { 'CONFLICT', old_sid, old_jti } end
    if key_revoked(watermarks, kid) then return { 'KEY_REVOKED' } end
    at.awaited = awaited
    revision = renew(at, who, jti, kid, left, by, now, skew_ms, feed_ms)
  elseif awaited == '1' then
    at.awaited = awaited
    revision = record(at, feed_ms, now, {
      event = 'FENCE', member = '', sid = '', jti = '', exp = now, reason = '', by = by,
    })
  end
  return grant('REPEATED', revision, now, active, '')
end
if old_sid ~= expected_sid or old_jti ~= expected_jti then return { 'CONFLICT', old_sid, old_jti } end

if auth_time ~= '' and number(auth_time) * 1000 > now + skew_ms then return { 'AUTH_TIME_AHEAD' } end
local live = old_sid ~= '' and not over and not foreign
if live and policy == 'DENY_NEW' then return { 'EXISTS' } end
if live and policy == 'REQUIRE_PROOF' and proof ~= old_sid .. ':' .. old[3] then return { 'PROOF_REQUIRED' } end
if old_sid == '' and redis.call('ZCARD', user) >= max_devices then
  local from = string.format('(%.0f', now)
  if #redis.call('ZRANGE', user, from, '+inf', 'BYSCORE', 'LIMIT', 0, max_devices) >= max_devices then
    local marks = redis.call('HMGET', watermarks, tenant_field, 'all')
    return { (marks[1] or marks[2]) and 'CROWDED' or 'DEVICE_LIMIT' }
  end
end
if key_revoked(watermarks, kid) then return { 'KEY_REVOKED' } end

if old_sid ~= '' then
  at.awaited = live and awaited or '0'
  end_session(at, who, over or 'SUPERSEDED', by, now, skew_ms, feed_ms)
  at.awaited = '0'
end

local issued_at = now - now % 1000
local exp, rexp = issued_at + access_ms, issued_at + refresh_ms
local revision = record(at, feed_ms, now, {
  event = 'ISSUE', member = member, sid = sid, jti = jti, exp = exp, reason = '', by = by,
})
redis.call('HSET', active, FIELD.sid, sid, FIELD.jti, jti, FIELD.kid, kid, FIELD.gen, 0, FIELD.rev, revision,
  FIELD.cat, issued_at / 1000, FIELD.iat, issued_at / 1000, FIELD.exp, exp / 1000, FIELD.rexp, rexp / 1000,
  FIELD.aexp, (issued_at + session_ms) / 1000, unpack(ARGV, 24))
index(active, user, expiry, device, member, rexp)
if request then redis.call('SET', request, sid .. ' ' .. digest, 'PX', 60000) end
return grant(live and 'SUPERSEDED' or 'ISSUED', revision, now, active, live and old_sid or '')
