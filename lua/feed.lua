#!lua flags=allow-oom
-- Reads a page of a partition's feed, and where the feed stands. It only reads, and is declared able to
-- write on purpose: Redis then refuses it on a replica and on a primary that has lost its replicas.
-- include: number, clock, history
-- KEYS[1] feed        stream  the partition's events
-- KEYS[2] revision    string  the partition's counter
-- ARGV[1] known_id    entry to look for, or empty
-- ARGV[2] known       its revision
-- ARGV[3] start       where the page starts, as XRANGE takes it
-- ARGV[4] count       entries that are looked at: 0 or more
-- ARGV[5] which       ALL | STANDING: what has ended and whose expiry is ahead, and watermarks
-- Reply { FEED, revision, last_id, oldest_revision, has_known, next_id, events, history }
-- The events are lines, each as in its message (include/record.lua); next_id is empty at the feed's end.
local feed, revision_key = KEYS[1], KEYS[2]
local known_id, known, start, count, which = ARGV[1], number(ARGV[2]), ARGV[3], number(ARGV[4]), ARGV[5]

-- What an entry tells. Those of earlier versions have a field for each fact.
local function text_of(entry)
  local f = entry[2]
  if f[1] == 'event' then return f[2] end
  return table.concat({ f[2], f[4], f[12], f[14], f[8], f[10], f[18] or '0', f[6] }, ' ')
end

local function revision_of(entry)
  return number(string.match(text_of(entry), '^%d+'))
end

local now = clock()
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
return { 'FEED', revision, last_id, oldest, has_known, next_id, table.concat(lines, '\n'), history() }
