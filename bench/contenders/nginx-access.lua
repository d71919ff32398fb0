-- The peer at a gateway: what its team would write itself. The token's claims say which session it is of;
-- that and the revoked table are asked in one pipelined round trip over pooled connections. The signature
-- is not verified: Lua has nothing at hand that would.
local redis = require 'nginx.redis'
local cjson = require 'cjson'

local REDIS_PORT = tonumber(ngx.var.bench_redis_port)

local payload = (ngx.var.http_authorization or ''):match('^Bearer [%w_-]+%.([%w_-]+)%.[%w_-]+$')
if not payload then
  return ngx.exit(401)
end
local base64 = payload:gsub('-', '+'):gsub('_', '/') .. ('='):rep((4 - #payload % 4) % 4)
local read, claims = pcall(cjson.decode, ngx.decode_base64(base64) or '')
if not read then
  return ngx.exit(401)
end
local partition = ngx.crc32_short(claims.tid .. '\0' .. claims.sub) % 64
local prefix = 'signum:{' .. partition .. '}:'

local connection = redis:new()
connection:set_timeout(1000)
assert(connection:connect('127.0.0.1', REDIS_PORT))
connection:init_pipeline(2)
connection:hmget(prefix .. 'active:' .. claims.tid .. ':' .. claims.sub .. ':' .. claims.did, 'j', 'e')
connection:exists(prefix .. 'revoked:' .. claims.jti)
local replies = assert(connection:commit_pipeline())
connection:set_keepalive(60000, 64)

local session, revoked = replies[1], replies[2]
if session[1] ~= claims.jti or tonumber(session[2]) <= ngx.now() or revoked ~= 0 then
  return ngx.exit(401)
end
ngx.req.set_header('x-signum-tenant', claims.tid)
ngx.req.set_header('x-signum-user', claims.sub)
