#!lua flags=allow-oom
-- Reads a page of a partition's feed, and where the feed stands. It only reads, and is declared able to
-- write on purpose: Redis then refuses it on a replica and on a primary that has lost its replicas.
-- include: number, clock
-- KEYS[1] feed        stream  the partition's events
-- KEYS[2] revision    string  the partition's counter
-- ARGV[1] known_id    entry to look for, or empty
-- ARGV[2] known       its revision
-- ARGV[3] start       where the page starts, as XRANGE takes it
-- ARGV[4] count       entries that are looked at: 0 or more
-- ARGV[5] which       ALL | STANDING: what has ended and whose expiry is ahead, and watermarks
-- Reply { FEED, revision, last_id, oldest_revision, has_known, next_id, events... }
-- An event is written as in its message (include/record.lua); next_id is empty at the feed's end.
local feed, revision_key = KEYS[1], KEYS[2]
local known_id, known, start, count, which = ARGV[1], number(ARGV[2]), ARGV[3], number(ARGV[4]), ARGV[5]

local now = clock()
local revision = tonumber(redis.call('GET', revision_key) or 0)
local last_id, oldest = '', revision + 1
if redis.call('EXISTS', feed) == 1 then
  local info = redis.call('XINFO', 'STREAM', feed)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last_id = info[i + 1] end
    if info[i] == 'first-entry' and info[i + 1] then oldest = number(info[i + 1][2][2]) end
  end
end
local found = known_id ~= '' and redis.call('XRANGE', feed, known_id, known_id)[1]
local has_known = found and number(found[2][2]) == known and 1 or 0

local entries = count > 0 and redis.call('XRANGE', feed, start, '+', 'COUNT', count) or {}
local next_id = count > 0 and #entries == count and entries[count][1] or ''
local reply = { 'FEED', revision, last_id, oldest, has_known, next_id }
for _, entry in ipairs(entries) do
  local fields = entry[2]
  local event, exp, reason = fields[4], fields[12], fields[14]
  if which == 'ALL' or (event ~= 'ISSUE' and tonumber(exp) > now) then
    reply[#reply + 1] = table.concat(
      { fields[2], entry[1], event, exp, reason, fields[8], fields[10], fields[18] or '0', fields[6] }, ' ')
  end
end
return reply
