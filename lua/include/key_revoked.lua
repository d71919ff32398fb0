-- Whether a signing key has been revoked: a token begun under it would be dead from birth.
local function key_revoked(watermarks, kid)
  return redis.call('HEXISTS', watermarks, 'k:' .. kid) == 1
end
