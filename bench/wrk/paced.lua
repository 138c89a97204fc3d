-- The same request again and again, with a pause before each: traffic that leaves the server time for others.
-- Arguments: pause in milliseconds, then as for same.lua.

local pause = 0

require("same")
local begin = init

function init(arguments)
  pause = tonumber(table.remove(arguments, 1))
  begin(arguments)
end

-- Between half and one and a half of it, so that the connections do not march in step.
function delay()
  return math.random(math.floor(pause / 2), math.ceil(pause * 1.5))
end
