-- Does the same for each item of a run, and answers a list of what came of them. What is wrong with one
-- item is not the others' business: its reply is an error, and theirs are not.
local function each(keys_each, args_each, action)
  local count = #KEYS / keys_each
  if count < 1 or #ARGV ~= count * args_each then error('keys and arguments do not match', 0) end
  local replies = {}
  for i = 0, count - 1 do
    local succeeded, reply = pcall(action, keys_each * i, args_each * i)
    replies[i + 1] = (succeeded or type(reply) == 'table') and reply or { err = tostring(reply) }
  end
  return replies
end
