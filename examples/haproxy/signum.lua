-- Asks Signum, by the door 127.0.0.1:9000 of haproxy.cfg, and leaves what it says in variables.
local ADDRESS = 'http://127.0.0.1:9000/authz'
local TIMEOUT_MS = 3000

-- What Signum looks at, and nothing else: a client's request may hold anything.
local PASSED_ON = { 'authorization', 'dpop', 'cookie' }
local IDENTITY = { 'tenant', 'user', 'device', 'session', 'token-id', 'scope', 'expires' }

-- All values of each header that is passed on. Two of one name reach Signum as two: it refuses them.
local function headers_of(txn)
  local sent = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(PASSED_ON) do
    for _, value in pairs(sent[name] or {}) do
      headers[name] = headers[name] or {}
      table.insert(headers[name], value)
    end
  end
  -- For proofs of tokens that are bound to a key.
  local scheme = txn.sf:ssl_fc() == 1 and 'https' or 'http'
  headers['x-original-method'] = { txn.sf:method() }
  -- A host that goes on with a path would make another URI of it.
  local host = txn.sf:req_hdr('host') or ''
  if host:find('^[%w%.:%[%]_-]+$') then
    headers['x-original-url'] = { scheme .. '://' .. host .. txn.sf:pathq() }
  end
  -- The certificate that the client has shown; its own header of the name is not passed on.
  local certificate = txn:get_var('txn.signum_certificate') or ''
  if certificate ~= '' then
    headers['client-cert'] = { ':' .. certificate .. ':' }
  end
  return headers
end

-- A header's only value.
local function header(answer, name)
  local values = answer.headers and answer.headers[name]
  return values and values[0] or ''
end

core.register_action('signum', { 'http-req' }, function(txn)
  txn:set_var('txn.signum_status', 0)
  local query = txn:get_var('txn.signum_query') or ''
  local answer = core.httpclient():get({
    url = ADDRESS .. query, headers = headers_of(txn), timeout = TIMEOUT_MS,
  })
  if not answer or not answer.status then return end
  txn:set_var('txn.signum_challenge', header(answer, 'www-authenticate'))
  txn:set_var('txn.signum_nonce', header(answer, 'dpop-nonce'))
  -- Any server answers 200: this header only Signum does.
  if answer.status == 200 and header(answer, 'x-signum-verdict') ~= 'allow' then return end
  for _, name in ipairs(IDENTITY) do
    txn:set_var('txn.signum_' .. name:gsub('-', '_'), header(answer, 'x-signum-' .. name))
  end
  txn:set_var('txn.signum_status', answer.status)
end)
