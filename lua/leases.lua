#!lua flags=allow-oom
-- The lease table: for each server with edges, how many they are and what they have applied. Writes one
-- server's entry, takes out those that were left behind, and answers the whole table. Nothing in it has
-- a time to live: clocks may step, and each server judges by its own for how long it has seen an entry.
-- include: history
-- KEYS[1] leases           hash  entry by server, and the table's own id
-- ARGV[1] fresh_id         what the table is called if there is none yet
-- ARGV[2] server           whose entry is written; empty for none
-- ARGV[3] entry            what it shall be, beginning with its registration and its edges; none: taken out
-- ARGV[4 + 2i] gone        a server whose entry is taken out
-- ARGV[5 + 2i] gone_entry  unless it is another one by now
-- Reply { TABLE, history, id, server, entry, ... }
local leases = KEYS[1]
local fresh_id, server, entry = ARGV[1], ARGV[2], ARGV[3]

local function registration(text)
  return text and tonumber(string.match(text, '^%d+')) or 0
end

redis.call('HSETNX', leases, 'id', fresh_id)
-- What was sent earlier and comes later must not undo a registration: leases may have been granted under it.
local before = server ~= '' and redis.call('HGET', leases, server)
if server ~= '' and registration(before) <= registration(entry) then
  if string.find(entry, '^%d+ 0') then redis.call('HDEL', leases, server)
  else redis.call('HSET', leases, server, entry) end
end
for i = 4, #ARGV, 2 do
  if redis.call('HGET', leases, ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', leases, ARGV[i]) end
end
local reply = { 'TABLE', history(), redis.call('HGET', leases, 'id') }
local all = redis.call('HGETALL', leases)
for i = 1, #all, 2 do
  if all[i] ~= 'id' then
    reply[#reply + 1] = all[i]
    reply[#reply + 1] = all[i + 1]
  end
end
return reply
