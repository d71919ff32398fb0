#!lua
-- Exchanges a refresh token: a compare-and-set on the session's generation. The current generation
-- rotates; the one before it, within the grace window, is answered again; anything older ends the
-- session. Racing refreshes therefore all get the one successor.
-- include: number, clock, conform, key_revoked, ended, audiences_left
-- include: record, remember, end_session, renew, index, grant
-- KEYS[1] active           hash    the device's session
-- KEYS[2] user             zset    the user's devices
-- KEYS[3] expiry           zset    sessions by the end of their life
-- KEYS[4] revision         string  the partition's counter
-- KEYS[5] watermarks       hash    revoked tenants and keys
-- KEYS[6] feed             stream  the partition's events
-- KEYS[7] channel          none    where events are told
-- KEYS[8] revoked_token    string  of the expected token
-- KEYS[9] revoked_session  string  of the presented session
-- KEYS[10] limit           string  the user's rate; absent if there is none
-- ARGV[1] member           encoded tenant:user:device
-- ARGV[2] device           device id
-- ARGV[3] sid              session id in the refresh token
-- ARGV[4] generation       generation in the refresh token
-- ARGV[5] expected_jti     token id expected on the session
-- ARGV[6] jti              new token id
-- ARGV[7] kid              id of the key that will sign
-- ARGV[8] grace_ms         for how long the generation before is answered again
-- ARGV[9] skew_ms          how long the revoked table keeps an id past its expiry
-- ARGV[10] feed_ms         how long the feed keeps an event
-- ARGV[11] tenant_field    the tenant's field in watermarks
-- ARGV[12] by              caller's name
-- ARGV[13] allowed         the deployment's audiences, by spaces
-- ARGV[14] stale_kid       id of a key that signs no more, if a replayed session is to leave it, or empty
-- ARGV[15] interval_ms     time that one request is worth, may have a fraction
-- ARGV[16] burst           requests that may come at once
-- Reply { RATE_LIMITED, ms }: a token that leads to nothing does not count, or a thief could lock the user out
-- Reply { CONFLICT, jti } | { NOT_FOUND } | { REVOKED, reason } | { EXPIRED } | { REUSED, revision }
-- Reply { KEY_REVOKED }
-- Reply { ROTATED | REPLAYED, revision, now, '', grant fields }
local active, user, expiry, revision_key, watermarks, feed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local channel, revoked_token, revoked_session, limit = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local member, device, sid, generation, expected_jti = ARGV[1], ARGV[2], ARGV[3], number(ARGV[4]), ARGV[5]
local jti = ARGV[6]
local kid, grace_ms, skew_ms, feed_ms = ARGV[7], number(ARGV[8]), number(ARGV[9]), number(ARGV[10])
local tenant_field, by, allowed, stale_kid = ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local interval_ms, burst = number(ARGV[15]), number(ARGV[16])

local at = {
  active = active, user = user, expiry = expiry, revision = revision_key, feed = feed, channel = channel,
  watermarks = watermarks, revoked_token = revoked_token, revoked_session = revoked_session,
}
local now = clock()
local current = redis.call('HMGET', active,
  FIELD.sid, FIELD.jti, FIELD.gen, FIELD.exp, FIELD.rexp, FIELD.aexp, FIELD.rev, FIELD.iat, FIELD.rot,
  FIELD.kid, FIELD.aud)
local revoked = redis.call('GET', revoked_session)
if revoked then return { 'REVOKED', string.match(revoked, '^%S+') } end
if current[1] ~= sid then return { 'NOT_FOUND' } end
local over = ended(current[5], current[7], watermarks, tenant_field, now)
if over == 'EXPIRED' then return { 'EXPIRED' } end
if over then return { 'REVOKED', over } end

local at_generation, old_iat = number(current[3]), number(current[8])
if generation > at_generation then return { 'NOT_FOUND' } end
local left = audiences_left(current[11], allowed)
local who = { member = member, device = device, sid = sid, jti = current[2], exp = current[4], rexp = current[5] }
-- The window of when it was rotated, or of now, whichever ends first: a used token whose time is over
-- does not come back with another setting. Earlier versions stored the rotation, less than 1000.
local rotated = number(current[9] or 0)
local grace_end = rotated < 1000 and rotated + grace_ms or math.min(rotated - 1000, 999 + grace_ms)
if generation == at_generation - 1 and now - old_iat * 1000 <= grace_end then
  if left == '' then return { 'REVOKED', 'ADMIN' } end
  local revision = tonumber(redis.call('GET', revision_key))
  local dead = left ~= current[11] or current[10] == stale_kid or key_revoked(watermarks, current[10])
  if dead and current[2] ~= expected_jti then return { 'CONFLICT', current[2] } end
  if dead and key_revoked(watermarks, kid) then return { 'KEY_REVOKED' } end
  local wait_ms = limit and conform(limit, interval_ms, burst, now) or 0
  if wait_ms > 0 then return { 'RATE_LIMITED', wait_ms } end
  if dead then
    revision = renew(at, who, jti, kid, left, by, now, skew_ms, feed_ms)
  end
  return grant('REPLAYED', revision, now, active, '')
end
if current[2] ~= expected_jti then return { 'CONFLICT', current[2] } end
if generation < at_generation then
  return { 'REUSED', end_session(at, who, 'REFRESH_REUSE', by, now, skew_ms, feed_ms) }
end
if left == '' then return { 'REVOKED', 'ADMIN' } end
if key_revoked(watermarks, kid) then return { 'KEY_REVOKED' } end
local wait_ms = limit and conform(limit, interval_ms, burst, now) or 0
if wait_ms > 0 then return { 'RATE_LIMITED', wait_ms } end

local old_exp, old_rexp, absolute = number(current[4]), number(current[5]), number(current[6])
local issued_at = (now - now % 1000) / 1000
local exp = math.min(issued_at + old_exp - old_iat, absolute)
local rexp = math.min(issued_at + old_rexp - old_iat, absolute)
local revision = record(at, feed_ms, now, {
  event = 'REFRESH', member = member, sid = sid, jti = current[2], exp = old_exp * 1000, reason = 'ROTATED', by = by,
})
remember(revoked_token, old_exp * 1000, skew_ms, now, 'ROTATED', revision, by)
redis.call('HSET', active, FIELD.jti, jti, FIELD.kid, kid, FIELD.gen, generation + 1, FIELD.iat, issued_at,
  FIELD.exp, exp, FIELD.rexp, rexp, FIELD.rot, now % 1000 + grace_ms + 1000, FIELD.aud, left)
redis.call('HDEL', active, FIELD.fp)
index(active, user, expiry, device, member, rexp * 1000)
return grant('ROTATED', revision, now, active, '')
