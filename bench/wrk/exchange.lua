-- Redeems the codes of a file, each once. When the last is spent the thread ends, whatever time is left.
-- Arguments: the file, the value of the Authorization header, the parameters beside the code.

local report = require("report")
local codes = {}
local spent = 0
local parameters

function init(arguments)
  for code in io.lines(arguments[1]) do
    codes[#codes + 1] = code
  end
  wrk.method = "POST"
  wrk.headers["Authorization"] = arguments[2]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  parameters = arguments[3] .. "&code="
end

function request()
  spent = spent + 1
  if spent == 2 then
    -- The first was only asked for to see what this script returns.
    began = report.now()
  end
  if codes[spent] == nil then
    wrk.thread:stop()
    -- Something has to be sent; nobody waits for the answer.
    return wrk.format("GET", "/.well-known/openid-configuration")
  end
  return wrk.format(nil, nil, nil, parameters .. codes[spent])
end

function response(status, _, body)
  report.count(status, 200, body)
end
