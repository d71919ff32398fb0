-- Why a session that still stands in the active table has come to its end already; nil if it is live.
-- A revocation counts before an expiry: what has once been answered as revoked stays revoked. `rexp` in
-- seconds, as stored; `now` in milliseconds.
-- include: number
local function ended(rexp, session_revision, watermarks, tenant_field, now)
  local marks = redis.call('HMGET', watermarks, tenant_field, 'all')
  for i = 1, 2 do
    if marks[i] and number(marks[i]) >= number(session_revision) then return 'TENANT' end
  end
  if number(rexp) * 1000 <= now then return 'EXPIRED' end
  return nil
end
