-- The same request again and again; wrk builds it once and looks at nothing but the status of the answers.
-- Arguments: method, body (or "-"), then headers as name=value.

require("report")

function init(arguments)
  wrk.method = arguments[1]
  if arguments[2] ~= "-" then
    wrk.body = arguments[2]
  end
  for place = 3, #arguments do
    local name, value = string.match(arguments[place], "^([^=]+)=(.*)$")
    wrk.headers[name] = value
  end
end
