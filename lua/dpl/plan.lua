-- Plans: a model laid out on hardware, what a step takes and what each GPU holds.

local planning = require "dpl.planning"

local plan = {}

local methods = {}

local METATABLE <const> = { __name = "dpl.plan", __index = methods }

local function estimate(_, given)
  local made, message, code = planning.estimate(given)
  if made == nil then
    return nil, message, code
  end
  return setmetatable(made, METATABLE)
end

return setmetatable(plan, { __call = estimate })
