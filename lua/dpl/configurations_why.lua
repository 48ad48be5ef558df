-- Why the best layout is best: where its step goes, what the next one loses, in seconds by cause,
-- and what would have to change for the order to change.

local planned = require "dpl.planned"

local why = {}

local GIB <const> = 1 << 30
local WIDTH <const> = 98 -- of a line

---- Where a step goes ----

local CAUSES <const> = {
  { "products", "products of matrices" },
  { "core", "attention core" },
  { "bytes", "what only moves bytes" },
  { "exposed", "exposed communication of stages" },
  { "bubble", "bubble" },
  { "data", "exposed reduction and gathering" },
  { "optimizer", "optimizer" },
}

-- A step's seconds by cause, on the mean rank; they add up to the step.
local function causes_of(plan)
  local parts = planned.parts(plan, plan.options.hardware)
  local busy = plan.pipeline * (1 - plan.bubble_ratio)
  local exposed = busy - parts.products - parts.core - parts.bytes
  return {
    products = parts.products, core = parts.core, bytes = parts.bytes,
    exposed = exposed > 1e-9 * busy and exposed or 0, -- what is less is rounding
    bubble = plan.pipeline - busy, data = plan.data_exposed, optimizer = plan.optimizer,
  }
end

---- What would change the order ----

local function scaled_field(name)
  return function(hardware, factor)
    hardware[name] = hardware[name] * factor
  end
end

local function scaled_share(name)
  return function(hardware, factor)
    hardware.efficiency[name] = hardware.efficiency[name] * factor
  end
end

local function scaled_peak(hardware, factor)
  hardware.peak_tflops_bf16 = hardware.peak_tflops_bf16 * factor
  hardware.peak_tflops_fp8 = hardware.peak_tflops_fp8 and hardware.peak_tflops_fp8 * factor
end

-- Figures of the machine, and how far they are turned.
local FIGURES <const> = {
  { name = "bandwidth between nodes", set = scaled_field "inter_gb_s" },
  { name = "bandwidth inside a node", set = scaled_field "intra_gb_s" },
  { name = "latency between nodes", set = scaled_share "inter_latency" },
  { name = "latency inside a node", set = scaled_share "intra_latency" },
  { name = "bandwidth of the GPU's memory", set = scaled_field "memory_gb_s" },
  { name = "peak of the GPU", set = scaled_peak },
}
local MOST_FACTOR <const> = 64
local HALVINGS <const> = 24

local function figure_under(search, row, set, factor)
  local given = search:options_of(row)
  local hardware = planned.hardware_with(given.hardware)
  set(hardware, factor)
  given.hardware = hardware
  local plan = require "dpl.plan"(given)
  if plan == nil then
    return nil
  end
  local step = plan.step_time / plan.options.global_batch
  return search.request.objective == 0 and step or step * plan.gpus
end

-- By how much the first is better, in the figure that the search goes by.
local function lead(search, first, second, set, factor)
  local a, b = figure_under(search, first, set, factor), figure_under(search, second, set, factor)
  return a and b and b - a
end

-- The factor between 1, where the first leads, and `far`, where it does not.
local function bisect(search, first, second, set, far)
  local near = 1
  for _ = 1, HALVINGS do
    local middle = math.sqrt(near * far)
    local left = lead(search, first, second, set, middle)
    if left == nil then
      return nil
    elseif left > 0 then
      near = middle
    else
      far = middle
    end
  end
  return far
end

-- The nearest power of two, up to the most and in one direction, at which the second has caught up.
local function first_change(search, first, second, set, step)
  local factor = step
  while factor <= MOST_FACTOR and factor >= 1 / MOST_FACTOR do
    local left = lead(search, first, second, set, factor)
    if left == nil then
      return nil
    elseif left <= 0 then
      return factor
    end
    factor = factor * step
  end
end

local function crossings_of(search, first, second)
  local list = {}
  if search.request.objective == 3 then
    return list
  end
  for _, figure in ipairs(FIGURES) do
    for _, step in ipairs { 2, 0.5 } do
      local far = first_change(search, first, second, figure.set, step)
      local factor = far and bisect(search, first, second, figure.set, far)
      if factor then
        list[#list + 1] = { figure = figure.name, factor = factor }
      end
    end
  end
  return list
end

---- The explanation ----

-- The first that is not as good as the best, or nil.
local function runner_up(rows)
  for i = 2, #rows do
    if rows[i].figure ~= rows[1].figure then
      return rows[i]
    end
  end
end

local NAMES <const> = {
  { "strategy" }, { "stages_per_rank", "stages per rank" }, { "gpus", "GPUs" },
  { "tensor_parallel", "tensor" }, { "pipeline_parallel", "pipeline" }, { "data_parallel", "data" },
  { "context_parallel", "context" }, { "expert_parallel", "expert" }, { "micro_batch" },
  { "tensor_comm" }, { "recompute" }, { "regather" }, { "precision" }, { "fused_activation" },
  { "train_mtp" }, { "tensor_link" }, { "tensor_overlap" }, { "offload_weights" },
  { "offload_activations" }, { "pipeline_link" }, { "data_link" }, { "offload_optimizer" },
  { "zero" }, { "data_overlap" },
}

local function shown(value)
  return value == nil and "none" or tostring(value)
end

local function differences(a, b)
  local parts = {}
  for _, name in ipairs(NAMES) do
    local one, other = a[name[1]], b[name[1]]
    if one ~= other then
      parts[#parts + 1] = ("%s %s where it has %s"):format(name[2] or name[1], shown(other),
        shown(one))
    end
  end
  return parts
end

-- The parts with commas, in lines that fit a page.
local function wrapped(start, parts)
  local lines, line = {}, start
  for i, part in ipairs(parts) do
    local more = part .. (i == #parts and "." or ",")
    if #line + 1 + #more > WIDTH then
      lines[#lines + 1] = line
      line = " "
    end
    line = line .. " " .. more
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- A loss in seconds; what is less than shown is none, of either sign.
local function loss(seconds)
  return math.abs(seconds) < 5e-5 and 0.0 or seconds
end

local function cause_lines(winner, second)
  local lines = { ("  %-34s %10s"):format("seconds of a step, mean rank", "best")
    .. (second and (" %10s %10s"):format("next", "it loses") or "") }
  for _, cause in ipairs(CAUSES) do
    local mine = winner.causes[cause[1]]
    local line = ("  %-34s %10.4f"):format(cause[2], mine)
    if second then
      local theirs = second.causes[cause[1]]
      line = line .. (" %10.4f %+10.4f"):format(theirs, loss(theirs - mine))
    end
    lines[#lines + 1] = line
  end
  local total = ("  %-34s %10.4f"):format("step", winner.row.step_time)
  if second then
    total = total .. (" %10.4f %+10.4f"):format(second.row.step_time,
      second.row.step_time - winner.row.step_time)
  end
  lines[#lines + 1] = total
  return lines
end

local function memory_line(winner, second)
  local line = ("  %-34s %10.1f"):format("GiB on the fullest GPU", winner.row.worst_bytes / GIB)
  if second then
    line = line .. (" %10.1f %+10.1f"):format(second.row.worst_bytes / GIB,
      (second.row.worst_bytes - winner.row.worst_bytes) / GIB)
  end
  return line
end

local function change_lines(result)
  local lines = { ("  the best no longer fits with %.3g times the memory of a GPU"):format(
    result.memory_factor) }
  for _, crossing in ipairs(result.crossings) do
    lines[#lines + 1] = ("  the next is as good with %.3g times the %s"):format(crossing.factor,
      crossing.figure)
  end
  if result.runner_up and #result.crossings == 0 then
    lines[#lines + 1] = ("  no single figure of the machine changes the order, up to %d times or a "
      .. "%dth of it"):format(MOST_FACTOR, MOST_FACTOR)
  end
  return lines
end

local function to_text(result)
  local second = result.runner_up
  local lines = {}
  if second then
    lines[1] = wrapped("The next has", differences(result.winner.row, second.row))
  else
    lines[1] = "No other that was kept has another figure."
  end
  table.move(cause_lines(result.winner, second), 1, #CAUSES + 2, #lines + 1, lines)
  lines[#lines + 1] = memory_line(result.winner, second)
  lines[#lines + 1] = "What would change it:"
  local changes = change_lines(result)
  table.move(changes, 1, #changes, #lines + 1, lines)
  return table.concat(lines, "\n")
end

local METATABLE <const> = { __name = "dpl.LayoutExplanation", __tostring = to_text }

local function side(search, row)
  return { row = row, causes = causes_of(search:plan(row)) }
end

function why.explain(search, rows)
  local second = runner_up(rows)
  local memory = search.request.memory_bytes or search.plan_options.hardware.memory_bytes
  return setmetatable({
    winner = side(search, rows[1]),
    runner_up = second and side(search, second),
    memory_factor = rows[1].worst_bytes / memory,
    crossings = second and crossings_of(search, rows[1], second) or {},
  }, METATABLE)
end

return why
