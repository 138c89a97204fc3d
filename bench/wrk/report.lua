-- What every script of this folder shares: the answers are counted, and the end is one line of JSON.

local ffi = require("ffi")

ffi.cdef([[
  typedef struct { long seconds; long nanoseconds; } bench_instant;
  int clock_gettime(int clock, bench_instant *instant);
]])

local MONOTONIC = 1
local instant = ffi.new("bench_instant")
local threads = {}
local report = {}

-- Seconds since some moment in the past.
function report.now()
  ffi.C.clock_gettime(MONOTONIC, instant)
  return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

-- Globals, because wrk reads them out of the thread that counted.
refused = 0
-- For a script that may run out of work before its time is over: when it began, and its last answer.
began = 0
last_answer = 0
example = ""

-- To be called for every answer of a script that looks at them.
function report.count(status, wanted, body)
  last_answer = report.now()
  if status ~= wanted then
    refused = refused + 1
    example = status .. " " .. string.sub(body or "", 1, 200)
  end
end

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  local wrong, seconds, shown = 0, summary.duration / 1e6, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("refused")
    if thread:get("began") > 0 then
      seconds = thread:get("last_answer") - thread:get("began")
    end
    if thread:get("example") ~= "" then
      shown = thread:get("example")
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "seconds": %.6f, "p50": %.6f, "p99": %.6f, '
      .. '"refused": %d, "broken": %d, "example": "%s"}\n',
    summary.requests, seconds,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    math.max(wrong, errors.status),
    errors.connect + errors.read + errors.write + errors.timeout,
    (string.gsub(shown, '[%c"\\]', " "))
  ))
end

return report
