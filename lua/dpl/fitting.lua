-- What would make a layout fit: changes of it, one at a time, then two, then three, each planned.

local planned = require "dpl.planned"

local fitting = {}

local MOST_CHANGES <const> = 3

local RECOMPUTES <const> = { none = 0, selective = 1, full = 2 }

local function value(given, name)
  return planned.value(given, name)
end

-- One change: what it says, the options that it sets, and those that it is about, so that two
-- changes of the same are never combined.
local function change(list, text, topic, set)
  list[#list + 1] = { text = text, topic = topic, set = set }
end

local function add_recompute(list, given)
  local now = RECOMPUTES[value(given, "recompute")] or 0
  for _, name in ipairs { "selective", "full" } do
    if RECOMPUTES[name] > now then
      change(list, ("recompute = \"%s\""):format(name), "recompute", { recompute = name })
    end
  end
end

local function add_zero(list, given)
  for zero = value(given, "zero") + 1, 3 do
    change(list, ("zero = %d"):format(zero), "zero", { zero = zero })
  end
end

local function add_flags(list, given)
  local flags = { "flash", "fused_activation" }
  if given.hardware.host_gb_s then
    flags[#flags + 1] = "offload_optimizer"
    flags[#flags + 1] = "offload_activations"
  end
  for _, name in ipairs(flags) do
    if not value(given, name) then
      change(list, name .. " = true", name, { [name] = true })
    end
  end
end

local function add_micro_batch(list, given)
  local now = value(given, "micro_batch")
  if now % 2 == 0 then
    change(list, ("micro_batch = %d"):format(now // 2), "micro_batch", { micro_batch = now // 2 })
  end
end

-- Twice a degree: on the same GPUs where copies can be given up, else on twice as many.
local function add_degree(list, given, name)
  local key, data = name .. "_parallel", value(given, "data_parallel")
  local twice = 2 * value(given, key)
  if data % 2 == 0 then
    change(list, ("%s = %d, data_parallel = %d"):format(key, twice, data // 2), "degrees",
      { [key] = twice, data_parallel = data // 2 })
  else
    change(list, ("%s = %d, on %d GPUs"):format(key, twice, 2 * planned.gpus(given)), "degrees",
      { [key] = twice })
  end
end

-- All single changes of the options.
local function singles(given)
  local list = {}
  add_recompute(list, given)
  add_zero(list, given)
  add_flags(list, given)
  add_micro_batch(list, given)
  for _, name in ipairs { "tensor", "pipeline", "context" } do
    add_degree(list, given, name)
  end
  if given.model.moe then
    local twice = 2 * value(given, "expert_parallel")
    change(list, ("expert_parallel = %d"):format(twice), "expert", { expert_parallel = twice })
  end
  return list
end

-- Both changes as one; nil where they are about the same.
local function joined(a, b)
  if (" " .. a.topic .. " "):find(" " .. b.topic .. " ", 1, true) then
    return nil
  end
  return { text = a.text .. ", " .. b.text, topic = a.topic .. " " .. b.topic,
    set = planned.with(a.set, b.set), last = b.place, count = (a.count or 1) + 1 }
end

-- Every change with one more of the singles, each set of them once.
local function combined(list, all)
  local longer = {}
  for _, one in ipairs(list) do
    for place = one.last + 1, #all do
      longer[#longer + 1] = joined(one, all[place])
    end
  end
  return longer
end

local function try(given, one, tried)
  local plan, message = planned.plan(given, one.set)
  local row = { change = one.text, options = one.set, changes = one.count or 1 }
  if plan then
    row.bytes, row.step_time, row.fits, row.gpus = plan.worst_bytes, plan.step_time, plan.fits,
      plan.gpus
    row.tokens_per_gpu_second = plan.tokens_per_second / plan.gpus
  else
    row.fits, row.reason = false, message
  end
  tried[#tried + 1] = row
  return row.fits
end

-- Nearest first: fewest changes of what fits, then most tokens a second of a GPU; then what does
-- not fit, by its bytes; then what cannot be.
local function goes_before(a, b)
  if a.fits ~= b.fits then
    return a.fits
  elseif a.fits and a.changes ~= b.changes then
    return a.changes < b.changes
  elseif a.fits and a.tokens_per_gpu_second ~= b.tokens_per_gpu_second then
    return a.tokens_per_gpu_second > b.tokens_per_gpu_second
  elseif (a.bytes or math.huge) ~= (b.bytes or math.huge) then
    return (a.bytes or math.huge) < (b.bytes or math.huge)
  end
  return a.change < b.change
end

-- Rows { change, options, changes, bytes, step_time, fits } of all single changes, and where none
-- of them fits of those of two or three that do.
function fitting.what_fits(given)
  local _, message, code = planned.plan(given)
  if message then
    return nil, message, code
  end
  local all, rows = singles(given), {}
  for place, one in ipairs(all) do
    one.place, one.last = place, place
  end
  local list, found = all, false
  for count = 1, MOST_CHANGES do
    local tried = {}
    for _, one in ipairs(list) do
      found = try(given, one, tried) or found
    end
    for _, row in ipairs(tried) do
      if count == 1 or row.fits then
        rows[#rows + 1] = row
      end
    end
    if found then
      break
    end
    list = combined(list, all)
  end
  table.sort(rows, goes_before)
  return rows
end

return fitting
