-- Whether a signing key has been revoked: a token begun under it would be dead from birth.
local function key_revoked(watermarks, kid)
  return redis.call('HEXISTS', watermarks, 'k:' .. kid) == 1
end

-- Whether a tenant-wide revocation came after the session began.
local function tenant_revoked(watermarks, tenant_field, session_revision)
  local watermark = redis.call('HGET', watermarks, tenant_field)
  return watermark and tonumber(watermark) >= tonumber(session_revision)
end
