-- Refreshes in turn: a request spends the refresh token that some earlier answer brought.
-- Arguments: a file of refresh tokens, more than there are connections; the Authorization header; the other parameters.

local report = require("report")
local tokens = {}
local first, last = 1, 0
local parameters

function init(arguments)
  for token in io.lines(arguments[1]) do
    last = last + 1
    tokens[last] = token
  end
  wrk.method = "POST"
  wrk.headers["Authorization"] = arguments[2]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  parameters = arguments[3] .. "&refresh_token="
end

function request()
  local token = tokens[first] or "none left: too many were refused"
  tokens[first] = nil
  first = first + 1
  return wrk.format(nil, nil, nil, parameters .. token)
end

function response(status, _, body)
  local successor = string.match(body, '"refresh_token" *: *"([^"]+)"')
  report.count(successor and status or 0, 200, body)
  if successor then
    last = last + 1
    tokens[last] = successor
  end
end
