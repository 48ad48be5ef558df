-- ScalabilityAnalyzer of a model: copies of a layout from one node, or as many as a copy takes, to
-- 100,000 GPUs; where efficiency is lost, and to what.

local chart = require "dpl.chart"
local laid_out = require "dpl.laid_out"
local options = require "dpl.options"
local why = require "dpl.configurations_why"

local OWNER <const> = "ScalabilityAnalyzer"
local MOST_GPUS <const> = 100000
local THRESHOLD <const> = 0.9

local methods = {}

-- ---- Sizes ----

local function copy_gpus(layout)
  return (layout.tensor_parallel or 1) * (layout.pipeline_parallel or 1)
    * (layout.context_parallel or 1)
end

-- Copies of the smallest size: they fill a node, and the experts are shared out over them.
local function first_data(layout)
  local gpus, node = copy_gpus(layout), layout.hardware.gpus_per_node or 8
  local sharing = (layout.tensor_parallel or 1) * (layout.context_parallel or 1)
  local data = 1
  while gpus * data < node or sharing * data < (layout.expert_parallel or 1) do
    data = data * 2
  end
  return data
end

-- Doubling numbers of copies, then the most that there is room for.
local function default_sizes(layout, most)
  local gpus, list = copy_gpus(layout), {}
  local data = first_data(layout)
  while gpus * data <= most do
    list[#list + 1] = gpus * data
    data = data * 2
  end
  local experts = math.max(1, (layout.expert_parallel or 1)
    // ((layout.tensor_parallel or 1) * (layout.context_parallel or 1)))
  local last = most // gpus // experts * experts * gpus
  if #list > 0 and last > list[#list] then
    list[#list + 1] = last
  end
  return list
end

local function check_sizes(method, sizes)
  if type(sizes) ~= "table" or #sizes == 0 then
    options.fail("%s:%s: sizes are a list of numbers of GPUs, rising", OWNER, method)
  end
  for i, gpus in ipairs(sizes) do
    if math.type(gpus) ~= "integer" or gpus < 1 or i > 1 and gpus <= sizes[i - 1] then
      options.fail("%s:%s: sizes are rising whole numbers of GPUs (entry %d is %s)", OWNER, method, i,
        tostring(gpus))
    end
  end
end

-- ---- A size ----

-- Copies on so many GPUs; nil and why there are none.
local function copies(layout, gpus)
  local each = copy_gpus(layout)
  if gpus % each == 0 then
    return gpus // each
  end
  local below = gpus // each * each
  local nearest = below > 0 and ("nearest that are, are %d and %d"):format(below, below + each)
    or ("nearest that is, is %d"):format(each)
  return nil, ("%d GPUs are no multiple of the %d of a copy (tensor x pipeline x context): the %s")
    :format(gpus, each, nearest)
end

-- The plan of a layout on so many GPUs. `samples` is the batch that every copy has, or nil where the
-- whole batch stays.
local function plan_on(layout, gpus, samples)
  local data, message = copies(layout, gpus)
  if data == nil then
    return nil, message
  end
  return laid_out.plan(layout, { data_parallel = data,
    global_batch = samples and samples * data or nil })
end

local function is_better(plan, best)
  if best == nil or plan.fits ~= best.fits then
    return best == nil or plan.fits
  end
  return plan.step_time / plan.options.global_batch < best.step_time / best.options.global_batch
end

-- The best of the layouts on so many GPUs, and its number; nil and why the last is none.
local function best_on(self, gpus, samples)
  local best, number, reason
  for i, layout in ipairs(self.layouts) do
    local plan, message = plan_on(layout, gpus, samples)
    if plan and is_better(plan, best) then
      best, number = plan, i
    end
    reason = message or reason
  end
  return best, best and number or reason
end

local function row_of(plan, number)
  return {
    gpus = plan.gpus, data_parallel = plan.options.data_parallel, layout = number,
    global_batch = plan.options.global_batch, num_chunks = plan.num_chunks,
    step_time = plan.step_time, mfu = plan.mfu, tokens_per_second = plan.tokens_per_second,
    bubble_ratio = plan.bubble_ratio, worst_bytes = plan.worst_bytes, fits = plan.fits,
    parts = why.causes_of(plan), options = plan.options,
  }
end

local function scale(self, sizes, samples)
  local rows, refused = { mode = samples and "weak" or "strong" }, {}
  for _, gpus in ipairs(sizes) do
    local plan, number = best_on(self, gpus, samples)
    if plan then
      local row = row_of(plan, number)
      local first = rows[1] or row
      row.speedup = row.tokens_per_second / first.tokens_per_second
      row.efficiency = row.speedup * first.gpus / row.gpus
      rows[#rows + 1] = row
    else
      refused[#refused + 1] = { gpus = gpus, reason = number }
    end
  end
  return rows, refused
end

-- The whole batch stays, whatever the number of GPUs. Without sizes, doubling ones that divide it.
function methods:strong_scaling(sizes)
  local first = self.layouts[1]
  sizes = sizes or default_sizes(first, self.max_gpus)
  check_sizes("strong_scaling", sizes)
  return scale(self, sizes)
end

-- The batch grows with the copies: each has that of the layout's own.
function methods:weak_scaling(sizes)
  local first = self.layouts[1]
  sizes = sizes or default_sizes(first, self.max_gpus)
  check_sizes("weak_scaling", sizes)
  local data = first.data_parallel or 1
  if first.global_batch % data ~= 0 then
    options.fail("%s:weak_scaling: data_parallel = %d does not divide global_batch = %d, so that "
      .. "copies have no batch of their own", OWNER, data, first.global_batch)
  end
  return scale(self, sizes, first.global_batch // data)
end

-- ---- The knee ----

local NAMES <const> = {}
for _, cause in ipairs(why.CAUSES) do
  NAMES[cause[1]] = cause[2]
end

-- GPU seconds for a sample, by part.
local function cost_of(row, part)
  return row.parts[part] * row.gpus / row.global_batch
end

-- By part, how many more GPU seconds a sample takes than in the first row; the most first.
local function losses_of(first, row)
  local losses, all = {}, first.step_time * first.gpus / first.global_batch
  for _, cause in ipairs(why.CAUSES) do
    local part = cause[1]
    losses[#losses + 1] = { part = part, name = NAMES[part],
      share = (cost_of(row, part) - cost_of(first, part)) / all }
  end
  table.sort(losses, function(a, b)
    if a.share ~= b.share then
      return a.share > b.share
    end
    return a.part < b.part
  end)
  return losses
end

-- How much of what is exposed of the reduction would go if messages had no latency.
local function latency_share(row)
  local hardware = laid_out.scaled(laid_out.scaled(row.options.hardware, "inter_latency", 0),
    "intra_latency", 0)
  local plan = laid_out.plan(row.options, { hardware = hardware })
  return plan and 1 - plan.data_exposed / row.parts.data or 0
end

local function cause_text(first, row, loss)
  if loss.part == "bubble" then
    return ("bubble: micro-batches run out, %d of a copy where there were %d"):format(row.num_chunks,
      first.num_chunks)
  elseif loss.part == "data" and latency_share(row) > 0.5 then
    return ("latency of reducing gradients and gathering parameters over %d copies"):format(
      row.data_parallel)
  elseif loss.part == "data" then
    return ("bandwidth for reducing gradients and gathering parameters, no longer hidden behind "
      .. "%d micro-batches of a copy"):format(row.num_chunks)
  elseif loss.part == "optimizer" then
    return ("optimizer: it takes its time whatever the batch, %d samples of a copy where there were %d")
      :format(row.global_batch // row.data_parallel, first.global_batch // first.data_parallel)
  end
  return loss.name
end

-- The first row whose efficiency is under the threshold, and the cause; nil where none is.
function methods:knee(rows, threshold)
  threshold = threshold == nil and THRESHOLD or threshold
  if type(rows) ~= "table" or type(threshold) ~= "number" or not (threshold > 0) then
    options.fail("%s:knee takes rows as weak_scaling gives them and a threshold above 0", OWNER)
  end
  for i, row in ipairs(rows) do
    if row.efficiency < threshold then
      local losses = losses_of(rows[1], row)
      return { row = row, gpus = row.gpus, before = rows[i - 1], threshold = threshold,
        losses = losses, part = losses[1].part, cause = cause_text(rows[1], row, losses[1]) }
    end
  end
end

-- ---- In words ----

local function table_lines(rows, many)
  local cells = { { "GPUs", "data", "batch", "chunks", "step, s", "MFU, %", "tokens/s", "efficiency",
    "compute", "comm.", "bubble", "gradients", "optimizer", "GiB", many and "layout" or nil } }
  for _, row in ipairs(rows) do
    local parts = row.parts
    cells[#cells + 1] = { tostring(row.gpus), tostring(row.data_parallel), tostring(row.global_batch),
      tostring(row.num_chunks), ("%.3f"):format(row.step_time), ("%.2f"):format(100 * row.mfu),
      ("%.4g"):format(row.tokens_per_second), ("%.3f"):format(row.efficiency),
      ("%.3f"):format(parts.products + parts.core + parts.bytes), ("%.3f"):format(parts.exposed),
      ("%.3f"):format(parts.bubble), ("%.3f"):format(parts.data), ("%.3f"):format(parts.optimizer),
      ("%.1f%s"):format(row.worst_bytes / laid_out.GIB, row.fits and "" or "!"),
      many and tostring(row.layout) or nil }
  end
  return laid_out.lines(cells)
end

local function knee_text(self, rows, threshold)
  local knee = self:knee(rows, threshold)
  if knee == nil then
    return ("no knee: efficiency stays at %.3g or more"):format(threshold or THRESHOLD)
  end
  return ("knee: efficiency %.3f, under %.3g, on %d GPUs (%.1f %% of the loss): %s"):format(
    knee.row.efficiency, knee.threshold, knee.gpus,
    100 * knee.losses[1].share / (1 / knee.row.efficiency - 1), knee.cause)
end

-- The rows as a table, seconds by part on the mean rank, and the knee.
function methods:report(rows, threshold)
  local lines = table_lines(rows, #self.layouts > 1)
  lines[#lines + 1] = #rows > 0 and knee_text(self, rows, threshold) or nil
  for _, row in ipairs(rows) do
    if not row.fits then
      lines[#lines + 1] = "!: more than a GPU has"
      break
    end
  end
  return table.concat(lines, "\n")
end

-- A chart of dpl.chart: efficiency over GPUs, a line for each list of rows.
function methods:chart(...)
  local series, name = {}, self.layouts[1].model.name
  for i, rows in ipairs { ... } do
    series[i] = { name = rows.mode, x = {}, y = {} }
    for j, row in ipairs(rows) do
      series[i].x[j], series[i].y[j] = row.gpus, 100 * row.efficiency
    end
  end
  return chart.lines {
    title = ("%s on %s"):format(name, self.layouts[1].hardware.name),
    x = { label = "GPUs", log = 2 }, y = { label = "efficiency", unit = "%" }, series = series,
  }
end

local METATABLE <const> = { __name = "dpl.ScalabilityAnalyzer.plan", __index = methods }

local OWN <const> = {
  { name = "layouts", rule = "a list of tables of dpl.plan's options",
    accepts = function(value)
      return type(value) == "table" and type(value[1]) == "table"
    end },
  { name = "max_gpus", rule = "a whole number above 0", default = MOST_GPUS,
    accepts = function(value)
      return math.type(value) == "integer" and value > 0
    end },
}

local scalability_analyzer = {}

function scalability_analyzer.new(given)
  local layout, own = laid_out.read(OWNER, OWN, given)
  local layouts = {}
  for i, changes in ipairs(own.layouts or { {} }) do
    laid_out.read(OWNER .. ": layouts", {}, changes)
    layouts[i] = laid_out.copy(layout)
    for name, value in pairs(changes) do
      layouts[i][name] = value
    end
  end
  for _, name in ipairs { "hardware", "global_batch" } do
    if layout[name] == nil then
      options.fail("%s: option '%s' is missing", OWNER, name)
    end
  end
  return setmetatable({ layouts = layouts, max_gpus = own.max_gpus }, METATABLE)
end

return scalability_analyzer
