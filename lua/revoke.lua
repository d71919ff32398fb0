#!lua flags=allow-oom
-- Ends sessions of one user, all in one step: their tokens leave the active table and enter the
-- revoked table. The caller names the sessions that it expects; if any of them has moved on, or the
-- user holds another number of devices than expected, nothing is changed. A revocation that waits for
-- the edges and finds nothing left to end is recorded all the same: what it waits for is that they have
-- applied everything before it.
-- include: number, clock, ended, record, remember, end_session
-- KEYS[1] user                zset    the user's devices
-- KEYS[2] expiry              zset    sessions by the end of their life
-- KEYS[3] revision            string  the partition's counter
-- KEYS[4] feed                stream  the partition's events
-- KEYS[5] watermarks          hash    revoked tenants and keys
-- KEYS[6] channel             none    where events are told
-- KEYS[7 + 3i] active         hash    a device's session
-- KEYS[8 + 3i] revoked_token  string  of its expected token
-- KEYS[9 + 3i] revoked_session string of its expected session
-- ARGV[1] reason              why
-- ARGV[2] by                  caller's name
-- ARGV[3] skew_ms             how long the revoked table keeps an id past its expiry
-- ARGV[4] feed_ms             how long the feed keeps an event
-- ARGV[5] devices             devices the user is expected to hold in all, or -1 not to ask
-- ARGV[6] tenant_field        the tenant's field in watermarks
-- ARGV[7] awaited             1 if a revocation waits until edges have applied it, else 0
-- ARGV[8 + 4i] member         encoded tenant:user:device
-- ARGV[9 + 4i] device         device id
-- ARGV[10 + 4i] sid           expected session id
-- ARGV[11 + 4i] jti           expected token id
-- Reply { CONFLICT } | { REVOKED, revision, count }: sessions that were live until now
local user, expiry, revision_key, feed, watermarks, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local reason, by, skew_ms, feed_ms, devices = ARGV[1], ARGV[2], number(ARGV[3]), number(ARGV[4]), number(ARGV[5])
local tenant_field, awaited = ARGV[6], ARGV[7]

local now = clock()
if devices >= 0 and redis.call('ZCARD', user) ~= devices then return { 'CONFLICT' } end
local found = {}
for i = 0, (#KEYS - 6) / 3 - 1 do
  local session = redis.call('HMGET', KEYS[7 + 3 * i], FIELD.sid, FIELD.jti, FIELD.exp, FIELD.rexp, FIELD.rev)
  if session[1] ~= ARGV[10 + 4 * i] or session[2] ~= ARGV[11 + 4 * i] then return { 'CONFLICT' } end
  found[i] = {
    member = ARGV[8 + 4 * i], device = ARGV[9 + 4 * i],
    sid = session[1], jti = session[2], exp = number(session[3]), rexp = number(session[4]),
    over = ended(session[4], session[5], watermarks, tenant_field, now),
  }
end

local revision, count, last = nil, 0, (#KEYS - 6) / 3 - 1
for i = 0, last do
  local at = {
    active = KEYS[7 + 3 * i], user = user, expiry = expiry, revision = revision_key, feed = feed, channel = channel,
    watermarks = watermarks, revoked_token = KEYS[8 + 3 * i], revoked_session = KEYS[9 + 3 * i],
    awaited = i == last and awaited or '0',
  }
  local over = found[i].over
  revision = end_session(at, found[i], over or reason, by, now, skew_ms, feed_ms)
  if not over then count = count + 1 end
end
if not revision and awaited == '1' then
  local at = { revision = revision_key, feed = feed, channel = channel, watermarks = watermarks, awaited = awaited }
  revision = record(at, feed_ms, now, {
    event = 'FENCE', member = '', sid = '', jti = '', exp = now, reason = '', by = by,
  })
end
revision = revision or tonumber(redis.call('GET', revision_key) or 0)
return { 'REVOKED', revision, count }
