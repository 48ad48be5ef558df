-- ScalabilityAnalyzer of a model on hardware: the same layout with more and more copies, weak (the
-- batch grows with them) or strong (it stays), and where that stops paying.

local options = require "dpl.options"
local planned = require "dpl.planned"

local scalability = {}

local OWNER <const> = "ScalabilityAnalyzer"
local MOST_GPUS <const> = 100000

local function is_count(value)
  return math.type(value) == "integer" and value > 0
end

local function is_list(value)
  return type(value) == "table" and #value > 0
end

local DECLARED <const> = {
  { name = "max_gpus", rule = "a whole number over 0", accepts = is_count, default = MOST_GPUS },
  { name = "layouts", accepts = is_list, default = { {} },
    rule = "a list of tables of options of dpl.plan, the best of which is taken at each size" },
  { name = "min_efficiency", rule = "a number above 0, at most 1", default = 0.9,
    accepts = function(value) return type(value) == "number" and value > 0 and value <= 1 end },
}

local methods = {}

---- One size ----

-- GPUs of one copy of a layout.
local function copy_gpus(given)
  return planned.gpus(given) // planned.value(given, "data_parallel")
end

-- The options of a layout at a number of copies.
local function at_copies(self, layout, copies, weak)
  local given = planned.with(self.options, layout)
  if weak then
    local base = planned.value(self.options, "data_parallel")
    local a_copy = given.global_batch / base * (copy_gpus(given) / copy_gpus(self.options))
    given.global_batch = math.floor(a_copy * copies + 0.5)
  end
  given.data_parallel = copies
  return given
end

-- The same without latencies: what they cost is the difference.
local function without_latency(given)
  local hardware = planned.hardware_with(given.hardware, nil,
    { intra_latency = 0, inter_latency = 0 })
  return planned.plan(given, { hardware = hardware })
end

local function row_of(given, plan)
  local ideal = without_latency(given)
  local row = { gpus = plan.gpus, data_parallel = given.data_parallel,
    tensor_parallel = planned.value(given, "tensor_parallel"),
    pipeline_parallel = planned.value(given, "pipeline_parallel"),
    context_parallel = planned.value(given, "context_parallel"),
    expert_parallel = planned.value(given, "expert_parallel"),
    strategy = plan.strategy, micro_batch = planned.value(given, "micro_batch"),
    global_batch = given.global_batch, num_chunks = plan.num_chunks, fits = plan.fits,
    worst_bytes = plan.worst_bytes, step_time = plan.step_time, mfu = plan.mfu, hfu = plan.hfu,
    tokens_per_second = plan.tokens_per_second, bubble_ratio = plan.bubble_ratio,
    parts = planned.parts(plan, given.hardware) }
  row.gradient_latency = math.max(0, plan.data_exposed - ideal.data_exposed)
  return row
end

-- Whether a row is better than another of as many GPUs: it fits, then it is faster.
local function is_better(a, b)
  if b == nil or a.fits ~= b.fits then
    return b == nil or a.fits
  end
  return a.tokens_per_second > b.tokens_per_second
end

-- The best of the layouts on so many GPUs; nil and why none can be.
local function at_size(self, gpus, weak)
  local best, reason
  for i, layout in ipairs(self.layouts) do
    local size = copy_gpus(planned.with(self.options, layout))
    local plan, message
    local given = gpus % size == 0 and at_copies(self, layout, gpus // size, weak)
    if given then
      plan, message = planned.plan(given)
    else
      message = ("a copy of the model takes %d GPUs, of which %d is no multiple: the nearest are "
        .. "%d and %d"):format(size, gpus, math.max(1, gpus // size) * size,
        (gpus // size + 1) * size)
    end
    local row = plan and row_of(given, plan)
    if row and is_better(row, best) then
      best = row
      best.layout = i
    end
    reason = reason or message
  end
  return best, reason
end

---- All sizes ----

-- From one node, or one copy where that is more, doubling, and the most that is allowed.
local function default_sizes(self)
  local size = copy_gpus(self.options)
  local node = self.options.hardware.gpus_per_node
  local first = math.max(size, size * math.max(1, node // size))
  local sizes = {}
  while first <= self.max_gpus do
    sizes[#sizes + 1] = first
    first = 2 * first
  end
  local last = self.max_gpus // size * size
  if #sizes > 0 and last > sizes[#sizes] then
    sizes[#sizes + 1] = last
  end
  return sizes
end

local function check_sizes(self, sizes)
  sizes = sizes or default_sizes(self)
  if type(sizes) ~= "table" or #sizes == 0 then
    options.fail("%s: sizes must be a list of numbers of GPUs, as in { 64, 128 }; one copy of this "
      .. "layout takes %d (max_gpus = %d)", OWNER, copy_gpus(self.options), self.max_gpus)
  end
  for i, gpus in ipairs(sizes) do
    if not is_count(gpus) then
      options.fail("%s: sizes[%d] must be a whole number over 0 (got %s)", OWNER, i, tostring(gpus))
    end
  end
  return sizes
end

-- Efficiency: tokens a second of a GPU over that of the first row.
local function set_efficiency(row, first)
  row.efficiency = (row.tokens_per_second / row.gpus) / (first.tokens_per_second / first.gpus)
end

local function scale(self, sizes, weak)
  local rows, refused = {}, {}
  for _, gpus in ipairs(check_sizes(self, sizes)) do
    local row, reason = at_size(self, gpus, weak)
    if row then
      rows[#rows + 1] = row
      set_efficiency(row, rows[1])
    else
      refused[#refused + 1] = { gpus = gpus, reason = reason }
    end
  end
  rows.mode = weak and "weak" or "strong"
  return rows, refused
end

-- The batch grows with the copies: each has as many samples as in the options.
function methods:weak_scaling(sizes)
  return scale(self, sizes, true)
end

-- The batch stays.
function methods:strong_scaling(sizes)
  return scale(self, sizes, false)
end

---- The knee ----

local CAUSES <const> = {
  { name = "bubble", text = "the bubble: micro-batches run out" },
  { name = "gradients", text = "gradient reduction and parameter gathering that nothing hides" },
  { name = "latency", text = "latency: more steps of collectives that wait for each other" },
  { name = "optimizer", text = "the optimizer, of which each GPU's part no longer shrinks" },
  { name = "work", text = "computing and exchanging within the pipeline" },
}

-- GPU seconds of a sample by cause; latency is taken out of the gradients, where it grows.
local function price_of(row)
  local parts, price = row.parts, {}
  price.bubble, price.optimizer = parts.bubble, parts.optimizer
  price.latency = row.gradient_latency
  price.gradients = parts.gradients - price.latency
  price.work = row.step_time - parts.bubble - parts.optimizer - parts.gradients
  for name, seconds in pairs(price) do
    price[name] = seconds * row.gpus / row.global_batch
  end
  return price
end

-- What of the loss from the first row to another each cause is, greatest first.
local function losses(first, row)
  local from, to, list, sum = price_of(first), price_of(row), {}, 0
  for i, cause in ipairs(CAUSES) do
    local rise = to[cause.name] - from[cause.name]
    list[i] = { name = cause.name, text = cause.text, gpu_seconds_a_sample = rise }
    sum = sum + rise
  end
  for _, loss in ipairs(list) do
    loss.share = sum > 0 and loss.gpu_seconds_a_sample / sum or 0
  end
  table.sort(list, function(a, b)
    return a.share ~= b.share and a.share > b.share or a.share == b.share and a.name < b.name
  end)
  return list
end

-- Between two sizes, of which only the second is below the threshold: the fewest copies that are.
local function narrow(self, rows, above, below, threshold)
  local size = below.gpus // below.data_parallel
  local low, high = above.gpus // size, below.gpus // size
  local found = below
  while high - low > 1 do
    local middle = (low + high) // 2
    local row = at_size(self, middle * size, rows.mode == "weak")
    if row then
      set_efficiency(row, rows[1])
    end
    if row == nil or row.efficiency >= threshold then
      low = middle
    else
      high, found = middle, row
    end
  end
  return found
end

-- Where efficiency falls under the threshold, and why; nil, message, "NOT_FOUND" where it does not.
-- Weak scaling: to the copy; strong: of the rows, since the batch must divide.
function methods:knee(rows, threshold)
  threshold = threshold or self.min_efficiency
  if type(rows) ~= "table" or rows.mode == nil then
    options.fail("%s:knee takes the rows that weak_scaling or strong_scaling gave", OWNER)
  elseif type(threshold) ~= "number" or threshold ~= threshold or threshold <= 0 then
    options.fail("%s:knee: the threshold must be a number above 0 (got %s)", OWNER,
      tostring(threshold))
  end
  for i = 2, #rows do
    if rows[i].efficiency < threshold then
      local row = rows.mode == "weak" and narrow(self, rows, rows[i - 1], rows[i], threshold)
        or rows[i]
      return { row = row, gpus = row.gpus, efficiency = row.efficiency, threshold = threshold,
        losses = losses(rows[1], row), cause = losses(rows[1], row)[1].name }
    end
  end
  return nil, ("efficiency stays at %.2f or more up to %d GPUs"):format(threshold,
    #rows > 0 and rows[#rows].gpus or 0), "NOT_FOUND"
end

---- Drawing ----

-- A chart of dpl.chart: efficiency over GPUs, a line for each list of rows.
function methods:chart(...)
  local series, names = {}, {}
  for _, rows in ipairs { ... } do
    if type(rows) == "table" and rows.mode then -- not the refused ones that a call gives besides
      local line = { name = rows.mode .. " scaling", x = {}, y = {} }
      names[#names + 1] = rows.mode
      for j, row in ipairs(rows) do
        line.x[j], line.y[j] = row.gpus, 100 * row.efficiency
      end
      series[#series + 1] = line
    end
  end
  if #series == 0 then
    options.fail("%s:chart takes the rows that weak_scaling or strong_scaling gave", OWNER)
  end
  return require("dpl.chart").lines {
    title = ("%s on %s, %s scaling"):format(self.options.model.name, self.options.hardware.name,
      table.concat(names, " and ")),
    x = { label = "GPUs", log = 2 }, y = { label = "efficiency", unit = "%" }, series = series,
  }
end

local METATABLE <const> = planned.metatable(OWNER, methods)

function scalability.ScalabilityAnalyzer(given)
  local plan, own = planned.read(OWNER, given, DECLARED, true)
  return setmetatable({ options = plan, layouts = own.layouts, max_gpus = own.max_gpus,
    min_efficiency = own.min_efficiency }, METATABLE)
end

return scalability
