-- Those of a session's audiences that the deployment still has; both by spaces, in the session's order.
local function audiences_left(audiences, allowed)
  local left = {}
  for audience in string.gmatch(audiences, '%S+') do
    if string.find(' ' .. allowed .. ' ', ' ' .. audience .. ' ', 1, true) then left[#left + 1] = audience end
  end
  return table.concat(left, ' ')
end
