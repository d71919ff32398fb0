-- Why a session that still stands in the active table has come to its end already; nil if it is live.
-- A revocation counts before an expiry: what has once been answered as revoked stays revoked.
-- include: number
local function ended(rexp, session_revision, watermarks, tenant_field, now)
  local watermark = redis.call('HGET', watermarks, tenant_field)
  if watermark and number(watermark) >= number(session_revision) then return 'TENANT' end
  if number(rexp) <= now then return 'EXPIRED' end
  return nil
end
