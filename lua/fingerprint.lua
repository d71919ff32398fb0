#!lua
-- Notes the fingerprints of access tokens that were signed for sessions, each unless its session has
-- moved on to another token meanwhile. A presented token that has it needs no signature check.
-- include: each
-- KEYS[1 + i] active        hash  the device's session
-- ARGV[1 + 2i] jti          token id that was signed
-- ARGV[2 + 2i] fingerprint  of the compact JWS (src/signing/tokens/fingerprint.ts)
-- Reply for each 1 | 0
return each(1, 2, function(key, arg)
  local active = KEYS[key + 1]
  local jti, fingerprint = ARGV[arg + 1], ARGV[arg + 2]

  if redis.call('HGET', active, FIELD.jti) ~= jti then return 0 end
  redis.call('HSET', active, FIELD.fp, fingerprint)
  return 1
end)
