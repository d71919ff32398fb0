#!lua flags=allow-oom
-- Sessions of one user as they are at one instant: a page of those that live, and how many there are. It
-- only reads, and is declared able to write for the reason that validate is.
-- include: number, clock, ended
-- KEYS[1] watermarks    hash    revoked tenants and keys
-- KEYS[2 + i] active    hash    a device's session, in the order of the pages
-- ARGV[1] tenant_field  the tenant's field in watermarks
-- ARGV[2] before        how many of the devices are on earlier pages: those are only counted
-- ARGV[3] page_size     sessions on the page at most
-- ARGV[4] issuer        whose sessions are meant, as stored, empty for the first issuer
-- Reply { LISTED, total, more, index, session, index, session ... }: indexes of keys from 0, more is 1 or 0
local watermarks = KEYS[1]
local tenant_field, before, page_size, issuer = ARGV[1], number(ARGV[2]), number(ARGV[3]), ARGV[4]

local now = clock()
local reply, total, more, listed = { 'LISTED', 0, 0 }, 0, 0, 0
for i = 0, #KEYS - 2 do
  local active = KEYS[2 + i]
  local life = redis.call('HMGET', active, FIELD.rexp, FIELD.rev, FIELD.iss)
  if life[1] and (life[3] or '') == issuer and not ended(life[1], life[2], watermarks, tenant_field, now) then
    total = total + 1
    if i >= before and listed == page_size then more = 1 end
    if i >= before and listed < page_size then
      listed = listed + 1
      reply[#reply + 1] = i
      reply[#reply + 1] = redis.call('HMGET', active, FIELD.sid, FIELD.jti, FIELD.kid, FIELD.gen, FIELD.rev,
        FIELD.cat, FIELD.iat, FIELD.exp, FIELD.rexp, FIELD.aexp, FIELD.meta, CLAIM_FIELDS)
    end
  end
end
reply[2], reply[3] = total, more
return reply
