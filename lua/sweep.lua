#!lua flags=allow-oom
-- Moves one session whose life is over, or whose issuer is there no more, from the active to the revoked
-- table. Any number of servers may try: only the one that finds the session as expected, and over by
-- Redis' own clock, moves it.
-- include: number, clock, ended, record, remember, end_session
-- KEYS[1] active           hash    the device's session
-- KEYS[2] user             zset    the user's devices
-- KEYS[3] expiry           zset    sessions by the end of their life
-- KEYS[4] revision         string  the partition's counter
-- KEYS[5] feed             stream  the partition's events
-- KEYS[6] channel          none    where events are told
-- KEYS[7] revoked_token    string  of the expected token
-- KEYS[8] revoked_session  string  of the expected session
-- KEYS[9] watermarks       hash    revoked tenants and keys
-- ARGV[1] member           encoded tenant:user:device
-- ARGV[2] device           device id
-- ARGV[3] sid              expected session id, empty if the session has vanished
-- ARGV[4] jti              expected token id
-- ARGV[5] skew_ms          how long the revoked table keeps an id past its expiry
-- ARGV[6] feed_ms          how long the feed keeps an event
-- ARGV[7] tenant_field     the tenant's field in watermarks
-- ARGV[8] issuer           the only one whose sessions are left alone, as stored; * for any
-- Reply { SWEPT } | { PRUNED } | { SKIPPED }
local active, user, expiry, revision_key, feed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local channel, revoked_token, revoked_session, watermarks = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local member, device, sid, jti = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local skew_ms, feed_ms, tenant_field, issuer = number(ARGV[5]), number(ARGV[6]), ARGV[7], ARGV[8]

local now = clock()
local session = redis.call('HMGET', active, FIELD.sid, FIELD.jti, FIELD.exp, FIELD.rexp, FIELD.rev, FIELD.iss)
if not session[1] then
  local dangling = redis.call('ZSCORE', expiry, member)
  if not dangling or tonumber(dangling) > now then return { 'SKIPPED' } end
  redis.call('ZREM', expiry, member)
  redis.call('ZREM', user, device)
  return { 'PRUNED' }
end
if session[1] ~= sid or session[2] ~= jti then return { 'SKIPPED' } end
local over = ended(session[4], session[5], watermarks, tenant_field, now)
if not over and issuer ~= '*' and (session[6] or '') ~= issuer then over = 'ADMIN' end
if not over then return { 'SKIPPED' } end

local at = {
  active = active, user = user, expiry = expiry, revision = revision_key, feed = feed, channel = channel,
  watermarks = watermarks, revoked_token = revoked_token, revoked_session = revoked_session,
}
local who = { member = member, device = device, sid = sid, jti = jti, exp = session[3], rexp = session[4] }
end_session(at, who, over, 'signum', now, skew_ms, feed_ms)
return { 'SWEPT' }
