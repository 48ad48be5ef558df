-- ConfigurationSearch over layouts: every configuration of a model on hardware, the best kept, on
-- all processors, in parts that can be taken up again.

local file = require "dpl.configurations_file"
local layouts = require "dpl.layouts"
local options = require "dpl.options"
local planned = require "dpl.planned"
local space = require "dpl.configurations_space"
local why = require "dpl.configurations_why"
local write_file = require "dpl.write_file"

local OWNER <const> = "ConfigurationSearch"

-- A space of fewer configurations is searched at once: starting processes takes longer.
local SMALL <const> = 20000
-- Of larger ones: as many parts, or more where a part would be over a million.
local PARTS <const>, MOST_PARTS <const>, LARGE <const> = 64, 1024, 1000000
-- Parts between which what was found is passed on. Their number does not hang on the processors, so
-- that neither do the counts.
local ROUND <const> = 8

local methods = {}

---- Merging ----

local function goes_before(a, b)
  if a.figure ~= b.figure then
    return a.figure < b.figure
  end
  return a.index < b.index
end

local function merge_best(best, more, keep)
  table.move(more, 1, #more, #best + 1, best)
  table.sort(best, goes_before)
  for i = #best, keep + 1, -1 do
    best[i] = nil
  end
end

-- Whether one row is as good as another in both figures; of equal ones the first.
local function covers(a, b)
  if a.first == b.first and a.second == b.second then
    return a.index < b.index
  end
  return a.first <= b.first and a.second <= b.second
end

local function is_covered(row, rows)
  for _, other in ipairs(rows) do
    if other ~= row and covers(other, row) then
      return true
    end
  end
  return false
end

local function merge_front(front, more)
  local all, left = table.move(more, 1, #more, #front + 1, front), {}
  for _, row in ipairs(all) do
    if not is_covered(row, all) then
      left[#left + 1] = row
    end
  end
  table.sort(left, function(a, b)
    return a.first < b.first
  end)
  return left
end

local function merge_counts(counts, more)
  for name, value in pairs(more) do
    if name == "tuples" then
      counts.tuples = value -- every part sees all of them
    elseif name == "refusal" then
      counts.refusal = counts.refusal ~= "" and counts.refusal or value
    elseif name == "least_bytes" then
      local least = counts.least_bytes or 0
      counts.least_bytes = (least == 0 or (value > 0 and value < least)) and value or least
    else
      counts[name] = (counts[name] or 0) + value
    end
  end
end

local function merge(state, result, keep)
  merge_best(state.best, result.best, keep)
  state.front = merge_front(state.front, result.front)
  merge_counts(state.counts, result.counts)
end

---- Rounds ----

-- A request for one part, with what is known so far.
local function request_of(self, state, part)
  local request = planned.with(self.request)
  local last = state.best[request.keep]
  request.part, request.parts = part, state.parts
  request.known = last and last.figure
  request.known_front = {}
  for i, row in ipairs(state.front) do
    request.known_front[i] = { row.first, row.second }
  end
  return request
end

local function search_round(self, state, round)
  local requests = {}
  for i, part in ipairs(round) do
    requests[i] = request_of(self, state, part)
  end
  if #requests == 1 then
    return { layouts.search(self.plan_options, requests[1]) }
  end
  return require("dpl.parallel").map(requests, function(request)
    return layouts.search(self.plan_options, request)
  end, { workers = self.workers })
end

-- Parts that are not done yet, in rounds.
local function rounds_of(state)
  local done, rounds = {}, {}
  for _, part in ipairs(state.done) do
    done[part] = true
  end
  for part = 0, state.parts - 1 do
    if not done[part] then
      if #rounds == 0 or #rounds[#rounds] == ROUND then
        rounds[#rounds + 1] = {}
      end
      table.insert(rounds[#rounds], part)
    end
  end
  return rounds
end

local function save(self, state)
  if self.resume == nil then
    return true
  end
  return file.write_state(self.resume, state, state.best, state.front)
end

local function search_rounds(self, state)
  for _, round in require("dpl").progress(rounds_of(state), "search") do
    for _, result in ipairs(search_round(self, state, round)) do
      merge(state, result, self.request.keep)
    end
    table.move(round, 1, #round, #state.done + 1, state.done)
    local ok, message, code = save(self, state)
    if not ok then
      return nil, message, code
    end
  end
  return state
end

---- Where nothing is left ----

-- What each constraint alone, lifted, would leave.
local function lifted(self)
  local parts = {}
  for _, name in ipairs { "even_layers", "whole_nodes", "most_chunks", "data" } do
    if self.request[name] then
      local kept = self.request[name]
      self.request[name] = nil
      local count = layouts.count(self.plan_options, self.request)
      self.request[name] = kept
      if count > 0 then
        parts[#parts + 1] = ("without %s there are %d"):format(
          ({ most_chunks = "max_micro_batches", data = "data_parallel" })[name] or name, count)
      end
    end
  end
  return parts
end

-- The nearest batch, or number of GPUs, with which there is a configuration.
local function nearest(self, current, set)
  for step = 1, 4096 do
    for _, value in ipairs { current - step, current + step } do
      if value > 0 then
        set(value)
        local count = layouts.count(self.plan_options, self.request)
        set(current)
        if count > 0 then
          return value
        end
      end
    end
  end
end

local function nearest_gpus(self)
  local gpus = self.request.axes.gpus
  return nearest(self, gpus[1], function(value)
    gpus[1] = value
  end)
end

local function nearest_batch(self)
  return nearest(self, self.plan_options.global_batch, function(value)
    self.plan_options.global_batch = value
  end)
end

local RULES <const> = {
  gpus = "the degrees that are listed never multiply to the number of GPUs",
  batch = "copies x micro-batch never divide the batch",
  chunks = "every layout has more micro-batches than max_micro_batches",
  layers = "stages outnumber the layers, or with even_layers do not divide them",
  experts = "expert parallelism divides neither the experts nor the GPUs that share them out",
  nodes = "with whole_nodes, tensor parallelism must divide a node",
}

-- The last rule that left a tuple of degrees out: the rest had passed those before.
local function failing_rule(tuples)
  local last
  for _, rule in ipairs { "gpus", "batch", "chunks", "layers", "experts", "nodes" } do
    last = tuples[rule] > 0 and rule or last
  end
  return last or "gpus"
end

local function no_configuration(self, counts)
  local rule = failing_rule(counts.tuples)
  local hints = lifted(self)
  local gpus = #hints == 0 and rule == "gpus" and nearest_gpus(self)
  local batch = #hints == 0 and rule ~= "gpus" and nearest_batch(self)
  if gpus then
    hints[#hints + 1] = ("the nearest number of GPUs that has one is %d"):format(gpus)
  elseif batch then
    hints[#hints + 1] = ("the nearest batch that has one is %d"):format(batch)
  end
  return ("no configuration: %s%s"):format(RULES[rule],
    #hints > 0 and "; " .. table.concat(hints, ", ") or "")
end

local function nothing_fits(self, counts)
  if counts.configurations == 0 then
    return no_configuration(self, counts)
  elseif counts.refused == counts.configurations then
    return ("all of %d configurations are refused, one of them so: %s"):format(counts.refused,
      counts.refusal)
  end
  local memory = self.request.memory_bytes or self.plan_options.hardware.memory_bytes
  return ("none of %d configurations fits %.1f GiB (%d are refused otherwise): the least that a "
    .. "GPU must hold is %.1f GiB; more GPUs, recompute = \"all\" or zero = \"all\" need less")
    :format(counts.configurations, memory / (1 << 30), counts.refused,
      counts.least_bytes / (1 << 30))
end

---- The methods ----

-- Rows have names where dpl.layouts has numbers.
local function name_values(rows)
  for _, row in ipairs(rows) do
    for i = 3, #layouts.axes do
      local name = layouts.axes[i]
      if math.type(row[name]) == "integer" then
        row[name] = space.value_of(name, row[name])
      end
    end
  end
end

local function new_state(self)
  local configurations, tuples = layouts.count(self.plan_options, self.request)
  local wanted = math.max(PARTS, math.min(MOST_PARTS, configurations // LARGE))
  local parts = configurations < SMALL and 1 or math.min(wanted, tuples)
  return { space = self.signature, parts = parts, done = {}, best = {}, front = {},
    counts = { refusal = "" } }
end

-- Searches, once; the rows of the best, and counts.
function methods:run()
  if self.found == nil then
    local state = self.resume and file.read_state(self.resume, self.signature) or new_state(self)
    local ok, message, code = search_rounds(self, state)
    if not ok then
      return nil, message, code
    end
    name_values(state.best)
    name_values(state.front)
    self.found = state
  end
  if #self.found.best == 0 then
    return nil, nothing_fits(self, self.found.counts), "NOT_FOUND"
  end
  return self.found.best, self.found.counts
end

-- How many configurations there are, and tuples of degrees among them.
function methods:count()
  return layouts.count(self.plan_options, self.request)
end

function methods:best()
  local rows, message, code = self:run()
  if rows == nil then
    return nil, message, code
  end
  return rows[1]
end

function methods:pareto()
  if self.request.front == nil then
    options.fail("%s:pareto: give the option pareto, such as { \"throughput\", \"memory\" }", OWNER)
  end
  local rows, message, code = self:run()
  if rows == nil then
    return nil, message, code
  end
  return self.found.front
end

-- The options of dpl.plan that a row stands for.
function methods:options_of(row)
  local given = {}
  for name, value in pairs(self.plan_options) do
    given[name] = value
  end
  for i = 3, #layouts.axes do
    given[layouts.axes[i]] = row[layouts.axes[i]]
  end
  given.strategy, given.stages_per_rank = row.strategy, row.stages_per_rank
  given.data_parallel, given.global_batch = row.data_parallel, row.global_batch
  return given
end

function methods:plan(row)
  return require "dpl.plan"(self:options_of(row or self:best()))
end

function methods:explain()
  local rows, message, code = self:run()
  if rows == nil then
    return nil, message, code
  end
  return why.explain(self, rows)
end

function methods:to_csv()
  local rows, message, code = self:run()
  if rows == nil then
    return nil, message, code
  end
  return file.csv(rows, self.request.front and self.found.front)
end

function methods:to_json()
  local rows, message, code = self:run()
  if rows == nil then
    return nil, message, code
  end
  return file.encode { best = rows, front = self.found.front, counts = self.found.counts,
    space = self.signature }
end

function methods:write(path)
  file.check_path(path, "the path")
  local as_text = path:sub(-4) == ".csv" and self.to_csv or self.to_json
  local text, message, code = as_text(self)
  if text == nil then
    return nil, message, code
  end
  return write_file(OWNER .. ":write", path, { text })
end

---- Making one ----

-- What a search hangs on, as texts by name: a file of another is refused.
local function signature_of(plan, request)
  local signature = {}
  for _, from in ipairs { plan, request } do
    for name, value in pairs(from) do
      if name ~= "axes" then
        signature[name] = file.encode(value)
      end
    end
  end
  for name, list in pairs(request.axes) do
    signature[name] = file.encode(list)
  end
  return signature
end

local METATABLE <const> = { __name = "dpl.ConfigurationSearch.layouts", __index = methods }

local configurations = {}

function configurations.new(given)
  local plan, request = space.read(given)
  if given.resume ~= nil then
    file.check_path(given.resume, "resume")
  end
  if given.workers ~= nil and not (math.type(given.workers) == "integer" and given.workers > 0) then
    options.fail("%s: option 'workers' must be a whole number over 0 (got %s)", OWNER,
      tostring(given.workers))
  end
  local self = setmetatable({ plan_options = plan, request = request, workers = given.workers,
    resume = given.resume, signature = signature_of(plan, request) }, METATABLE)
  layouts.count(plan, request)
  return self
end

-- What the class of dpl.benchmark gives for options with a model.
configurations.ConfigurationSearch = configurations.new

return configurations
