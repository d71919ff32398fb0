-- What must be a number, as one. Read before the first write: a script that fails later would keep
-- half of its effect.
local function number(value)
  return tonumber(value) or error('not a number', 0)
end
