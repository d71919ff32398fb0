#!lua
-- Notes the fingerprint of the access token that was signed for the session, unless it has moved on to
-- another token meanwhile. A presented token that has it needs no signature check.
-- KEYS[1] active       hash  the device's session
-- ARGV[1] jti          token id that was signed
-- ARGV[2] fingerprint  of the compact JWS (src/signing/fingerprint.ts)
-- Reply 1 | 0
local active = KEYS[1]
local jti, fingerprint = ARGV[1], ARGV[2]

if redis.call('HGET', active, FIELD.jti) ~= jti then return 0 end
redis.call('HSET', active, FIELD.fp, fingerprint)
return 1
