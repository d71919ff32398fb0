-- Enters an id into the revoked table until its expiry plus the clock skew that verifiers are
-- allowed; an id past that is of no use to anyone and is not entered.
local function remember(key, expires_at, skew_ms, now, reason, revision, by)
  local until_ms = expires_at + skew_ms
  if until_ms > now then
    redis.call('SET', key, reason .. ' ' .. revision .. ' ' .. string.format('%.0f', now) .. ' ' .. by,
      'PXAT', string.format('%.0f', until_ms))
  end
end
