-- Authorization requests of a browser that is signed in; every code that comes back is written to a file.
-- Arguments: the file, the value of the Cookie header.

local report = require("report")
local file

function init(arguments)
  file = assert(io.open(arguments[1], "a"))
  wrk.headers["Cookie"] = arguments[2]
end

function response(status, headers, body)
  local location = headers["Location"] or headers["location"] or ""
  local code = string.match(location, "[?&]code=([^&]+)")
  report.count(code and 303 or status, 303, code and "" or ("no code: " .. location .. body))
  if code then
    file:write(code, "\n")
    file:flush()
  end
end
