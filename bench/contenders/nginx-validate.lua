-- The peer: what a gateway team would write itself. The caller's key is checked by HMAC, then the
-- session and the revoked table are asked in one pipelined round trip over pooled connections.
local redis = require 'nginx.redis'
local cjson = require 'cjson'

local SECRET, EXPECTED = ngx.var.bench_secret, ngx.var.bench_expected
local REDIS_PORT = tonumber(ngx.var.bench_redis_port)

local key = ngx.var.http_authorization
if not key or ngx.encode_base64(ngx.hmac_sha1(SECRET, key)) ~= EXPECTED then
  return ngx.exit(401)
end

ngx.req.read_body()
local ids = cjson.decode(ngx.req.get_body_data()).ids
local partition = ngx.crc32_short(ids.tenantId .. '\0' .. ids.userId) % 64
local prefix = 'signum:{' .. partition .. '}:'

local connection = redis:new()
connection:set_timeout(1000)
assert(connection:connect('127.0.0.1', REDIS_PORT))
connection:init_pipeline(2)
connection:hmget(prefix .. 'active:' .. ids.tenantId .. ':' .. ids.userId .. ':' .. ids.deviceId,
  'j', 'e', 'v', 'k', 's', 'i', 'p', 'u')
connection:exists(prefix .. 'revoked:' .. ids.tokenId)
local replies = assert(connection:commit_pipeline())
connection:set_keepalive(60000, 64)

local session, revoked = replies[1], replies[2]
local active = session[1] == ids.tokenId and tonumber(session[2]) > ngx.now() and revoked == 0
local body = cjson.encode({
  active = active,
  verdict = active and 'VERDICT_ACTIVE' or 'VERDICT_UNKNOWN',
  token = active and ids or nil,
  sessionId = active and session[5] or nil,
  scopes = active and session[7] or nil,
  issueTime = active and session[6] or nil,
  expireTime = active and session[2] or nil,
  audiences = active and { session[8] } or nil,
})
ngx.header['Content-Type'] = 'application/json'
ngx.header['Content-Length'] = #body
ngx.print(body)
