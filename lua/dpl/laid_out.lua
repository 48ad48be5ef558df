-- What the classes that work on plans share: their options, which are those of dpl.plan and some of
-- their own, and plans made from them with something changed.

local options = require "dpl.options"
local plan = require "dpl.plan"
local planning = require "dpl.planning"

local laid_out = {}

laid_out.GIB = 1 << 30

local function copy(from)
  local to = {}
  for name, value in pairs(from) do
    to[name] = value
  end
  return to
end
laid_out.copy = copy

-- The options split in a plan's, with presets looked up once, and the class's own as `declared`
-- (see dpl.options) has them. Raises for names that neither has.
function laid_out.read(owner, declared, given)
  local known, own, layout = table.move(declared, 1, #declared, 1, {}), {}, {}
  for _, name in ipairs(planning.names) do
    known[#known + 1] = { name = name }
  end
  options.check_names(owner, known, given)
  local is_own = {}
  for _, option in ipairs(declared) do
    is_own[option.name] = true
  end
  for name, value in pairs(given) do
    (is_own[name] and own or layout)[name] = value
  end
  if type(layout.model) == "string" then
    layout.model = require("dpl.model").get(layout.model)
  end
  if type(layout.hardware) == "string" then
    layout.hardware = require("dpl.hardware").get(layout.hardware)
  end
  return layout, options.read(owner, declared, own)
end

-- A plan of the options with `changes` over them; nil, message, code where it cannot be.
function laid_out.plan(layout, changes)
  local given = copy(layout)
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  return plan(given)
end

-- A copy of hardware in which `field`, its own or one of its efficiency, is `factor` times as much.
function laid_out.scaled(hardware, field, factor)
  local scaled = copy(hardware)
  if scaled[field] ~= nil then
    scaled[field] = scaled[field] * factor
    return scaled
  end
  scaled.efficiency = copy(hardware.efficiency)
  scaled.efficiency[field] = scaled.efficiency[field] * factor
  return scaled
end

-- The plan again with another strategy. How many stages and pairs a rank has is the former's own
-- affair, so the other one takes its defaults.
function laid_out.with_strategy(layout, strategy)
  local given = copy(layout)
  if strategy ~= (layout.strategy or "1f1b") then
    given.stages_per_rank, given.pipeline_pairs, given.waves = nil, nil, nil
  end
  given.strategy = strategy
  return plan(given)
end

-- Lines of a table: texts of every row under each other, the first column to the left.
function laid_out.lines(rows)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, utf8.len(text) or #text)
    end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for i, text in ipairs(row) do
      local pad = (" "):rep(widths[i] - (utf8.len(text) or #text))
      cells[i] = i == 1 and text .. pad or pad .. text
    end
    lines[r] = (table.concat(cells, "  "):gsub(" +$", ""))
  end
  return lines
end

return laid_out
