-- MemoryEstimator of a model in a layout: what each GPU holds and when, and what would make it fit.

local laid_out = require "dpl.laid_out"
local options = require "dpl.options"
local planning = require "dpl.planning"

local GIB <const> = laid_out.GIB
local OWNER <const> = "MemoryEstimator"

local methods = {}

-- What a rank's row is the sum of: field, name.
local PARTS <const> = {
  { "parameter_bytes", "parameters" }, { "gradient_bytes", "gradients" },
  { "optimizer_bytes", "optimizer" }, { "activation_bytes", "activations" },
  { "transient_bytes", "transient" }, { "buffer_bytes", "buffers" },
  { "reserve_bytes", "reserve" },
}

-- ---- What is held ----

-- The plan, made once; nil, message, code where the layout cannot be.
function methods:plan()
  if self.made == nil then
    local made, message, code = laid_out.plan(self.layout)
    if made == nil then
      return nil, message, code
    end
    self.made = made
  end
  return self.made
end

-- Rows by rank + 1, as plan.memory.
function methods:per_rank()
  local plan, message, code = self:plan()
  if plan == nil then
    return nil, message, code
  end
  return plan.memory
end

local function check_rank(plan, rank)
  local last = plan.schedule.num_ranks - 1
  if math.type(rank) ~= "integer" or rank < 0 or rank > last then
    options.fail("%s:memory_over_time: rank must be a whole number from 0 to %d (got %s)", OWNER, last,
      tostring(rank))
  end
end

-- Start and finish of a rank's actions, in its order.
local function times_of(plan, rank)
  local columns, times = plan.timeline:columns(), {}
  local count = #plan.schedule:order(rank)
  for i, of in ipairs(columns.rank) do
    if of == rank and #times < count then
      times[#times + 1] = { columns.start[i], columns.finish[i] }
    end
  end
  return times
end

-- What a GPU of a rank holds while each of its actions runs.
function methods:memory_over_time(rank)
  local plan, message, code = self:plan()
  if plan == nil then
    return nil, message, code
  end
  rank = rank == nil and plan.worst_rank or rank
  check_rank(plan, rank)
  local held, rest, failure = planning.held(plan.options, plan.schedule, rank)
  if held == nil then
    return nil, rest, failure
  end
  local row, order, times = plan.memory[rank + 1], plan.schedule:order(rank), times_of(plan, rank)
  local always = row.total_bytes - row.activation_bytes - row.transient_bytes
  local list = {}
  for i, bytes in ipairs(held) do
    list[i] = { time = times[i][1], finish = times[i][2], bytes = always + bytes, action = order[i] }
  end
  return list
end

-- The fullest rank, the moment at which it holds most, and what that is made of.
function methods:peak()
  local over, message, code = self:memory_over_time()
  if over == nil then
    return nil, message, code
  end
  local row = self.made.memory[self.made.worst_rank + 1]
  local moment = over[row.peak_action + 1]
  local peak = { rank = row.rank, bytes = row.total_bytes, time = moment.time,
    action = moment.action, chunks = row.peak_chunks, parts = {} }
  for _, part in ipairs(PARTS) do
    peak.parts[part[2]] = row[part[1]]
  end
  return peak
end

function methods:fits()
  local plan, message, code = self:plan()
  if plan == nil then
    return nil, message, code
  end
  return plan.fits
end

-- ---- What would make it fit ----

-- One more of a degree takes the GPUs from the copies, where these can be halved, else more GPUs.
local function more_of(list, layout, name, most)
  local degree, data = layout[name] or 1, layout.data_parallel or 1
  for _, factor in ipairs { 2, 4 } do
    if degree * factor <= most then
      local changes = { [name] = degree * factor }
      changes.data_parallel = data % factor == 0 and data // factor or nil
      list[#list + 1] = changes
    end
  end
end

local RECOMPUTE <const> = { none = 0, selective = 1, full = 2 }

local function recomputing(list, layout)
  for _, name in ipairs { "selective", "full" } do
    if RECOMPUTE[name] > RECOMPUTE[layout.recompute or "none"] then
      list[#list + 1] = { recompute = name }
    end
  end
end

local function sharing(list, layout)
  local data = layout.data_parallel or 1
  if data > 1 then
    for stage = (layout.zero or 1) + 1, 3 do
      list[#list + 1] = { zero = stage }
    end
  end
  list[#list + 1] = { data_parallel = data * 2 }
end

local function offloading(list, layout)
  for _, name in ipairs { "offload_optimizer", "offload_activations", "offload_weights" } do
    if layout.hardware.host_gb_s and not layout[name] then
      list[#list + 1] = { [name] = true }
    end
  end
end

-- Changes of one thing each, the least intrusive first.
local function single_changes(layout)
  local list = {}
  if not layout.fused_activation then
    list[1] = { fused_activation = true }
  end
  recomputing(list, layout)
  local samples = layout.micro_batch or 1
  if samples % 2 == 0 then
    list[#list + 1] = { micro_batch = samples // 2 }
  end
  sharing(list, layout)
  more_of(list, layout, "tensor_parallel", layout.hardware.gpus_per_node or 8)
  more_of(list, layout, "pipeline_parallel", layout.model.layers)
  more_of(list, layout, "context_parallel", 16)
  if layout.model.moe then
    local expert = layout.expert_parallel or 1
    list[#list + 1] = { expert_parallel = 2 * expert }
    list[#list + 1] = { expert_parallel = 4 * expert }
  end
  offloading(list, layout)
  return list
end

-- Two changes of different things as one, or nil.
local function both(a, b)
  local joined = laid_out.copy(a)
  for name, value in pairs(b) do
    if joined[name] ~= nil then
      return nil
    end
    joined[name] = value
  end
  return joined
end

local function pairs_of(singles)
  local list = {}
  for i = 1, #singles do
    for j = i + 1, #singles do
      list[#list + 1] = both(singles[i], singles[j])
    end
  end
  return list
end

local function text_of(changes)
  local names = {}
  for name in pairs(changes) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = ("%s = %s"):format(name, tostring(changes[name]))
  end
  return table.concat(names, ", ")
end

local function try(layout, changes)
  local row = { changes = changes, text = text_of(changes), count = 0 }
  for _ in pairs(changes) do
    row.count = row.count + 1
  end
  local plan, message = laid_out.plan(layout, changes)
  if plan == nil then
    row.reason, row.fits = message, false
    return row
  end
  row.worst_bytes, row.fits, row.step_time = plan.worst_bytes, plan.fits, plan.step_time
  row.gpus, row.mfu = plan.gpus, plan.mfu
  return row
end

-- Those that fit first, with no more GPUs and fewest options changed, then by step; of the others
-- those that need least.
local function is_nearer(a, b)
  if a.fits ~= b.fits then
    return a.fits
  elseif (a.worst_bytes == nil) ~= (b.worst_bytes == nil) then
    return a.worst_bytes ~= nil
  elseif a.fits and a.gpus ~= b.gpus then
    return a.gpus < b.gpus
  elseif a.fits and a.count ~= b.count then
    return a.count < b.count
  end
  local figure = a.fits and "step_time" or "worst_bytes"
  if a[figure] ~= b[figure] then
    return a[figure] < b[figure]
  end
  return a.text < b.text
end

local function tried(layout, list)
  local rows = {}
  for i, changes in ipairs(list) do
    rows[i] = try(layout, changes)
  end
  table.sort(rows, is_nearer)
  return rows
end

-- What would make it fit, nearest first: single changes, and where none does pairs of them.
function methods:what_would_fit()
  local plan, message, code = self:plan()
  if plan == nil then
    return nil, message, code
  end
  local singles = single_changes(self.layout)
  local rows = tried(self.layout, singles)
  if not rows[1].fits then
    local more = tried(self.layout, pairs_of(singles))
    table.move(more, 1, #more, #rows + 1, rows)
    table.sort(rows, is_nearer)
  end
  return rows
end

-- ---- In words ----

local function gib(bytes)
  return ("%.2f"):format(bytes / GIB)
end

-- Ranks one under the other with what each holds.
local function rank_lines(plan)
  local head, rows = { "rank", "total" }, {}
  for _, part in ipairs(PARTS) do
    head[#head + 1] = part[2]
  end
  rows[1] = head
  for i, row in ipairs(plan.memory) do
    local cells = { tostring(row.rank), gib(row.total_bytes) }
    for _, part in ipairs(PARTS) do
      cells[#cells + 1] = gib(row[part[1]])
    end
    rows[i + 1] = cells
  end
  return laid_out.lines(rows)
end

-- A table of ranks in GiB, the peak, and whether that fits.
function methods:report()
  local peak, message, code = self:peak()
  if peak == nil then
    return nil, message, code
  end
  local plan, lines = self.made, { "GiB on a GPU of each rank:" }
  local ranks = rank_lines(plan)
  table.move(ranks, 1, #ranks, 2, lines)
  lines[#lines + 1] = ("peak: rank %d, %s GiB of %s, %s; at %.4g s of %.4g, in %s, %d micro-batches held")
    :format(peak.rank, gib(peak.bytes), gib(plan.options.hardware.memory_bytes),
      plan.fits and "fits" or "DOES NOT FIT", peak.time, plan.pipeline, peak.action, peak.chunks)
  return table.concat(lines, "\n")
end

-- The most that is held in each of `width` stretches of the pipeline's time; while a rank waits, as
-- much as in the action before.
local function columns_of(over, makespan, width)
  local most = {}
  for i, moment in ipairs(over) do
    local finish = over[i + 1] and over[i + 1].time or makespan
    local first = math.floor(moment.time / makespan * width)
    local last = math.ceil(finish / makespan * width) - 1
    for column = first, math.max(first, math.min(last, width - 1)) do
      most[column] = math.max(most[column] or 0, moment.bytes)
    end
  end
  return most
end

-- The memory of a rank over the pipeline's time, drawn in text.
function methods:chart(rank, size)
  local over, message, code = self:memory_over_time(rank)
  if over == nil then
    return nil, message, code
  end
  local width, height = size and size.width or 72, size and size.height or 10
  local most, top = columns_of(over, self.made.pipeline, width), 0
  for _, moment in ipairs(over) do
    top = math.max(top, moment.bytes)
  end
  local lines = {}
  for level = height, 1, -1 do
    local line = {}
    for column = 0, width - 1 do
      line[#line + 1] = (most[column] or 0) > (level - 0.5) / height * top and "#" or " "
    end
    lines[#lines + 1] = (("%8s |%s"):format(gib(level / height * top), table.concat(line))
      :gsub(" +$", ""))
  end
  lines[#lines + 1] = ("%8s +%s"):format("GiB", ("-"):rep(width))
  lines[#lines + 1] = ("%8s  0%s"):format("",
    ("%" .. width - 1 .. "s"):format(("%.4g s"):format(self.made.pipeline)))
  return table.concat(lines, "\n")
end

local METATABLE <const> = {
  __name = "dpl.MemoryEstimator.plan", __index = methods,
  __tostring = function(self)
    local text, message = self:report()
    return text or message
  end,
}

local memory_estimator = {}

function memory_estimator.new(given)
  return setmetatable({ layout = laid_out.read(OWNER, {}, given) }, METATABLE)
end

return memory_estimator
