-- Names the history of the server that runs the script: the run of its process, and the replication
-- history, which another begins when it takes over.
local function history()
  local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return run_id .. '.' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
end
