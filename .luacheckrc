std = 'lua51'
globals = {}
read_globals = { 'redis', 'KEYS', 'ARGV', 'cjson' }
max_line_length = 120
codes = true
