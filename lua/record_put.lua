#!lua
-- Writes one named document if it still is what the writer has seen.
-- KEYS[1] records   hash  documents by name
-- ARGV[1] name      document's name
-- ARGV[2] value     what it shall be
-- ARGV[3] exists    1 if the writer has seen a document, 0 if it has seen none
-- ARGV[4] expected  what the writer has seen
-- Reply 1 | 0
local records = KEYS[1]
local name, value, exists, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local current = redis.call('HGET', records, name)
if exists == '0' and current or exists == '1' and current ~= expected then return 0 end
redis.call('HSET', records, name, value)
return 1
