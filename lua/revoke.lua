#!lua flags=allow-oom
-- Ends sessions of one user, all in one step: their tokens leave the active table and enter the
-- revoked table. The caller names the sessions that it expects; if any of them has moved on, or the
-- user holds another number of devices than expected, nothing is changed. A revocation that waits for
-- the edges and finds nothing left to end is recorded all the same: what it waits for is that they have
-- applied everything before it. So is the end of a genuine token of which nothing is known: a failover
-- has lost its session, but edges that look at signatures accept it. A refresh token does not say when the
-- access token beside it is forgotten: of that nothing is lost if the session has ended, or has gone on.
-- include: number, clock, ended, feed_window, record, remember, end_session
-- KEYS[1] user                zset    the user's devices
-- KEYS[2] expiry              zset    sessions by the end of their life
-- KEYS[3] revision            string  the partition's counter
-- KEYS[4] feed                stream  the partition's events
-- KEYS[5] watermarks          hash    revoked tenants and keys
-- KEYS[6] channel             none    where events are told
-- KEYS[7] revoked_shown       string  of the genuine token that was shown
-- KEYS[8] revoked_lost        string  of the same, and of whom it names: of nobody else does it end a token
-- KEYS[9] revoked_session     string  of its session
-- KEYS[10 + 3i] active        hash    a device's session
-- KEYS[11 + 3i] revoked_token string  of its expected token
-- KEYS[12 + 3i] revoked_expected string of its expected session
-- ARGV[1] reason              why
-- ARGV[2] by                  caller's name
-- ARGV[3] skew_ms             how long the revoked table keeps an id past its expiry
-- ARGV[4] feed_ms             how long the feed keeps an event
-- ARGV[5] devices             devices the user is expected to hold in all, or -1 not to ask
-- ARGV[6] tenant_field        the tenant's field in watermarks
-- ARGV[7] awaited             1 if a revocation waits until edges have applied it, else 0
-- ARGV[8] shown_jti           id of a genuine token that was shown, or empty
-- ARGV[9] shown_sid           its session
-- ARGV[10] shown_member       its encoded tenant:user:device
-- ARGV[11] shown_iat          when it was issued, ms
-- ARGV[12] shown_exp          when it, or the refresh token beside it, expires, ms
-- ARGV[13] shown_generation   of the refresh token, or empty if it is an access token
-- ARGV[14 + 4i] member        encoded tenant:user:device
-- ARGV[15 + 4i] device        device id
-- ARGV[16 + 4i] sid           expected session id
-- ARGV[17 + 4i] jti           expected token id
-- Reply { CONFLICT } | { REVOKED, revision, count, changed }: sessions that were live until now; 1 if anything ended
local user, expiry, revision_key, feed, watermarks, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local reason, by, skew_ms, feed_ms, devices = ARGV[1], ARGV[2], number(ARGV[3]), number(ARGV[4]), number(ARGV[5])
local tenant_field, awaited = ARGV[6], ARGV[7]
local revoked_shown, revoked_lost, revoked_session = KEYS[7], KEYS[8], KEYS[9]
local shown_jti, shown_sid, shown_member = ARGV[8], ARGV[9], ARGV[10]
local shown_iat, shown_exp, shown_generation = number(ARGV[11]), number(ARGV[12]), ARGV[13]
local generation = tonumber(shown_generation)

local now = clock()
if devices >= 0 and redis.call('ZCARD', user) ~= devices then return { 'CONFLICT' } end
local found = {}
local is_known = shown_jti == ''
for i = 0, (#KEYS - 9) / 3 - 1 do
  local session = redis.call('HMGET', KEYS[10 + 3 * i],
    FIELD.sid, FIELD.jti, FIELD.exp, FIELD.rexp, FIELD.rev, FIELD.gen)
  if session[1] ~= ARGV[16 + 4 * i] or session[2] ~= ARGV[17 + 4 * i] then return { 'CONFLICT' } end
  local has_gone_on = generation and session[1] == shown_sid and number(session[6]) >= generation
  is_known = is_known or session[2] == shown_jti or has_gone_on
  found[i] = {
    member = ARGV[14 + 4 * i], device = ARGV[15 + 4 * i],
    sid = session[1], jti = session[2], exp = number(session[3]), rexp = number(session[4]),
    over = ended(session[4], session[5], watermarks, tenant_field, now),
  }
end

-- No access token outlives the feed's window, whatever the refresh token beside it does.
local shown_until = is_known and 0 or math.min(shown_exp, shown_iat + feed_window(watermarks, feed_ms))
local is_lost = not is_known and shown_until + skew_ms > now
  and redis.call('EXISTS', revoked_shown, revoked_lost) == 0
  and not (generation and redis.call('EXISTS', revoked_session) == 1)
local revision, count, last = nil, 0, (#KEYS - 9) / 3 - 1
for i = 0, last do
  local at = {
    active = KEYS[10 + 3 * i], user = user, expiry = expiry, revision = revision_key, feed = feed, channel = channel,
    watermarks = watermarks, revoked_token = KEYS[11 + 3 * i], revoked_session = KEYS[12 + 3 * i],
    awaited = i == last and not is_lost and awaited or '0',
  }
  local over = found[i].over
  revision = end_session(at, found[i], over or reason, by, now, skew_ms, feed_ms)
  if not over then count = count + 1 end
end
local at = { revision = revision_key, feed = feed, channel = channel, watermarks = watermarks, awaited = awaited }
if is_lost then
  revision = record(at, feed_ms, now, {
    event = 'REVOKE', member = shown_member, sid = shown_sid, jti = shown_jti, exp = shown_until,
    reason = reason, by = by,
  })
  remember(revoked_lost, shown_until, skew_ms, now, reason, revision, by)
end
local changed = revision and 1 or 0
if not revision and awaited == '1' then
  revision = record(at, feed_ms, now, {
    event = 'FENCE', member = '', sid = '', jti = '', exp = now, reason = '', by = by,
  })
end
revision = revision or tonumber(redis.call('GET', revision_key) or 0)
return { 'REVOKED', revision, count, changed }
