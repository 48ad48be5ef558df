-- Runs scripts in dpl's sandbox, for the tests of it.

local process = require "process"

local sandboxing = {}

-- Runs a script, given as text, in a sandbox with more options of the command line.
function sandboxing.run(script, options)
  process.write("s.lua", script)
  return process.dpl("--sandbox " .. (options or "") .. " s.lua")
end

return sandboxing
