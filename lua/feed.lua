#!lua flags=allow-oom
-- Reads a page of a partition's feed, and where the feed stands. It is declared able to write, so that Redis
-- refuses it on a replica and on a primary that has lost its replicas, and it writes one thing: that the
-- partition has come to a primary of another history. What the one before had acknowledged may be missing
-- here, sessions among it, and of a session that is missing nobody would ever tell the end. So the feed tells
-- of the loss first, before whoever reads it here. A partition that has never been used has lost nothing.
-- include: number, clock, history, feed_window, record
-- KEYS[1] feed        stream  the partition's events
-- KEYS[2] revision    string  the partition's counter
-- KEYS[3] watermarks  hash    revoked tenants and keys, and the history that was read last
-- KEYS[4] channel     none    where events are told
-- ARGV[1] known_id    entry to look for, or empty
-- ARGV[2] known       its revision
-- ARGV[3] start       where the page starts, as XRANGE takes it
-- ARGV[4] count       entries that are looked at: 0 or more
-- ARGV[5] which       ALL | STANDING: what has ended and whose expiry is ahead, and watermarks
-- ARGV[6] heard       the history that the reader knew of the partition last, or empty
-- ARGV[7] feed_ms     how long the feed keeps an event
-- Reply { FEED, revision, last_id, oldest_revision, has_known, next_id, events, history }
-- The events are lines, each as in its message (include/record.lua); next_id is empty at the feed's end.
local feed, revision_key, watermarks, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local known_id, known, start, count, which = ARGV[1], number(ARGV[2]), ARGV[3], number(ARGV[4]), ARGV[5]
local heard, feed_ms = ARGV[6], number(ARGV[7])

-- What an entry tells. Those of earlier versions have a field for each fact.
local function text_of(entry)
  local f = entry[2]
  if f[1] == 'event' then return f[2] end
  return table.concat({ f[2], f[4], f[12], f[14], f[8], f[10], f[18] or '0', f[6] }, ' ')
end

local function revision_of(entry)
  return number(string.match(text_of(entry), '^%d+'))
end

local now, name = clock(), history()
local noted = redis.call('HGET', watermarks, 'history')
if noted ~= name then
  local is_used = noted or tonumber(redis.call('GET', revision_key) or 0) > 0
  if is_used or (heard ~= '' and heard ~= name) then
    local at = { revision = revision_key, feed = feed, channel = channel, watermarks = watermarks }
    record(at, feed_ms, now, {
      event = 'LOSS', member = 'loss:' .. name, sid = '', jti = '', exp = now + feed_window(watermarks, feed_ms),
      reason = '', by = 'signum',
    })
  end
  redis.call('HSET', watermarks, 'history', name)
end
local revision = tonumber(redis.call('GET', revision_key) or 0)
local last_id, oldest = '', revision + 1
if redis.call('EXISTS', feed) == 1 then
  local info = redis.call('XINFO', 'STREAM', feed)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last_id = info[i + 1] end
    if info[i] == 'first-entry' and info[i + 1] then oldest = revision_of(info[i + 1]) end
  end
end
local found = known_id ~= '' and redis.call('XRANGE', feed, known_id, known_id)[1]
local has_known = found and revision_of(found) == known and 1 or 0

local entries = count > 0 and redis.call('XRANGE', feed, start, '+', 'COUNT', count) or {}
local next_id = count > 0 and #entries == count and entries[count][1] or ''
local lines = {}
for i = 1, #entries do
  local entry = entries[i]
  local text = text_of(entry)
  local takes = which == 'ALL'
  if not takes then
    -- No other event begins like ISSUE.
    local initial, exp = string.match(text, '^%d+ (%u)%S* (%d+)')
    takes = initial ~= 'I' and tonumber(exp) > now
  end
  if takes then lines[#lines + 1] = entry[1] .. ' ' .. text end
end
return { 'FEED', revision, last_id, oldest, has_known, next_id, table.concat(lines, '\n'), name }
