-- The bubble rates that the zero-bubble paper prints for six schedules, beside those of dpl.

local dpl = require "dpl"
local arguments = require "dpl.arguments"

-- Qi et al., arXiv 2401.10241. Table 9: times in microseconds, of the whole stage that a rank has;
-- Table 5: bubble rates. The authors' script holds both (branch arxiv of
-- github.com/sail-sg/zero-bubble-pipeline-parallelism, megatron/core/pipeline_parallel/
-- efficiency.py), but for the rates of interleaved 1F1B, which here are what it prints when it is
-- run. Per setting: ranks, micro-batches; F, B (here I), W, T_comm (here p2p); the rates in the
-- order of COLUMNS.
local SETTINGS <const> = {
  ["1.5B"] = {
    { 8, 24, 18522, 18086, 9337, 601, 0.2431, 0.1055, 0.1585, 0.1083, 0.1585, 0.0433 },
    { 8, 32, 18513, 18086, 9331, 626, 0.1985, 0.0818, 0.1242, 0.0837, 0.1242, 0.0039 },
    { 8, 64, 18546, 18097, 9321, 762, 0.1240, 0.0443, 0.0674, 0.0444, 0.0674, 0.0026 },
  },
  ["6.2B"] = {
    { 8, 24, 29718, 29444, 19927, 527, 0.2347, 0.0808, 0.1323, 0.0698, 0.1323, 0.0029 },
    { 8, 32, 29802, 29428, 19530, 577, 0.1898, 0.0628, 0.1045, 0.0559, 0.1045, 0.0022 },
    { 8, 64, 29935, 29621, 19388, 535, 0.1091, 0.0320, 0.0554, 0.0294, 0.0554, 0.0010 },
  },
  ["14.6B"] = {
    { 16, 48, 11347, 11248, 8132, 377, 0.2552, 0.1104, 0.1397, 0.0672, 0.1397, 0.0066 },
    { 16, 64, 11307, 11254, 8101, 379, 0.2082, 0.0852, 0.1088, 0.0516, 0.1088, 0.0054 },
    { 16, 128, 11325, 11308, 8109, 378, 0.1251, 0.0445, 0.0576, 0.0266, 0.0576, 0.0028 },
  },
  ["28.3B"] = {
    { 32, 96, 10419, 10207, 7715, 408, 0.2646, 0.1493, 0.1421, 0.0641, 0.1421, 0.0038 },
    { 32, 128, 10408, 10204, 7703, 408, 0.2168, 0.1164, 0.1106, 0.0490, 0.1106, 0.0029 },
    { 32, 256, 10402, 10248, 7698, 460, 0.1352, 0.0624, 0.0594, 0.0257, 0.0594, 0.0018 },
  },
}
local FIRST_RATE <const> = 7
local COLUMNS <const> = { "1f1b", "interleaved_1f1b", "zb_h1", "zb_h2", "zb_1p", "zb_2p" }

-- As that script has them, for sequences of 1024 tokens.
local MODELS <const> = { "1.5B", "6.2B", "14.6B", "28.3B" }
local SHAPES <const> = {
  ["1.5B"] = { hidden = 2304, heads = 24, layers = 24 },
  ["6.2B"] = { hidden = 4096, heads = 32, layers = 32 },
  ["14.6B"] = { hidden = 5120, heads = 40, layers = 48 },
  ["28.3B"] = { hidden = 6144, heads = 48, layers = 64 },
}
local SEQUENCE <const> = 1024

local parser = arguments.parser("zero_bubble_tables.lua",
  "Simulates the settings of the zero-bubble paper (arXiv 2401.10241, Tables 5 and 9) and prints "
    .. "its bubble rates beside dpl's.")
  :epilog("The rate is the paper's: 1 - work / the longest span of one rank, from its first start "
    .. "to its last end.\n\nexample: dpl scripts/zero_bubble_tables.lua --models 1.5B --makespan")
parser:option("--models", "models with commas: " .. table.concat(MODELS, ", ") .. " (default: all)")
  :argname("<names>"):convert(arguments.list("--models"))
parser:option("--strategies", "columns with commas (default: all six)")
  :argname("<names>"):convert(arguments.list("--strategies"))
parser:flag("--makespan", "print the bubble ratio over the makespan of all ranks too: what dpl "
  .. "calls bubble_ratio")

-- The chosen of what there is, in its order; all where nothing is chosen.
local function choose(option, all, chosen)
  local known, wanted, list = {}, {}, {}
  for _, name in ipairs(all) do
    known[name] = true
  end
  for _, name in ipairs(chosen or all) do
    if not known[name] then
      error(("option '%s' must name some of %s (got '%s')"):format(option,
        table.concat(all, ", "), name), 0)
    end
    wanted[name] = true
  end
  for _, name in ipairs(all) do
    list[#list + 1] = wanted[name] and name or nil
  end
  return list
end

-- The paper's M_W / M_B: of an activation's 34 h + 5 a s bytes a token in a layer, 32 h stay for W.
local function weight_memory(shape)
  return 32 * shape.hidden / (34 * shape.hidden + 5 * shape.heads * SEQUENCE)
end

-- Interleaved 1F1B has one layer to a stage, the others one stage to a rank.
local function simulate(strategy, model, setting)
  local ranks, chunks, F, I, W, p2p = table.unpack(setting)
  local parts = dpl.describe(strategy).option == "stages_per_rank"
    and SHAPES[model].layers // ranks or 1
  local costs = { F = F / parts, I = I / parts, W = W / parts, p2p = p2p }
  local memory = weight_memory(SHAPES[model])
  local schedule = dpl.schedule(strategy, {
    num_ranks = ranks, num_chunks = chunks, stages_per_rank = parts, costs = costs,
    weight_memory = memory,
  })
  return dpl.simulate(schedule, costs, { weight_memory = memory })
end

-- For each column the paper's rate and dpl's figures.
local function compare(model, setting, strategies)
  local cells = {}
  for i, name in ipairs(COLUMNS) do
    if strategies[name] then
      local timeline = simulate(name, model, setting)
      local paper = setting[FIRST_RATE + i - 1]
      local rate = ("%.4f"):format(timeline.bubble_rate_span)
      cells[#cells + 1] = {
        strategy = name, paper = ("%.4f"):format(paper), rate = rate,
        ratio = ("%.4f"):format(timeline.bubble_ratio), difference = tonumber(rate) - paper,
      }
    end
  end
  return cells
end

local function print_row(label, cells, field)
  local line = label
  for _, cell in ipairs(cells) do
    local mark = field == "rate" and cell.rate ~= cell.paper and "*" or ""
    line = line .. ("%" .. math.max(9, #cell.strategy + 2) .. "s"):format(cell[field] .. mark)
  end
  print(line)
end

local LABEL <const> = "%-6s%6s%8s  %-8s"

local function print_setting(model, setting, cells, with_ratio)
  print_row(LABEL:format(model, setting[1], setting[2], "paper"), cells, "paper")
  print_row(LABEL:format("", "", "", "dpl"), cells, "rate")
  if with_ratio then
    print_row(LABEL:format("", "", "", "makespan"), cells, "ratio")
  end
end

-- How many rates of each column agree, and how far the others are.
local function print_agreement(counts)
  print("\nrates that agree to four digits")
  for _, name in ipairs(COLUMNS) do
    local c = counts[name]
    if c then
      local rest = c.same == c.all and ""
        or (", the others by %+.4f to %+.4f"):format(c.least, c.most)
      print(("  %-18s%2d of %2d%s"):format(name, c.same, c.all, rest))
    end
  end
end

local function count(counts, cells)
  for _, cell in ipairs(cells) do
    local c = counts[cell.strategy] or { same = 0, all = 0, least = math.huge, most = -math.huge }
    counts[cell.strategy] = c
    c.all = c.all + 1
    if cell.rate == cell.paper then
      c.same = c.same + 1
    else
      c.least, c.most = math.min(c.least, cell.difference), math.max(c.most, cell.difference)
    end
  end
end

local WHY <const> = [[

* The paper's rates of interleaved 1F1B are too low. Its evaluator lets a micro-batch go around the
  ranks once more before the last rank has sent it, unless it is the first of a group of as many as
  there are ranks; backward likewise. dpl waits for every transfer.]]

local function main(args)
  local strategies, counts = {}, {}
  local header = LABEL:format("model", "ranks", "chunks", "")
  for _, name in ipairs(choose("--strategies", COLUMNS, args.strategies)) do
    strategies[name] = true
    header = header .. ("%" .. math.max(9, #name + 2) .. "s"):format(name)
  end
  local models = choose("--models", MODELS, args.models)
  print("Bubble rates of arXiv 2401.10241, Table 5, at the times of its Table 9: the paper's and "
    .. "dpl's.\n\n" .. header)
  for _, model in ipairs(models) do
    for _, setting in ipairs(SETTINGS[model]) do
      local cells = compare(model, setting, strategies)
      print_setting(model, setting, cells, args.makespan)
      count(counts, cells)
    end
  end
  print_agreement(counts)
  if strategies.interleaved_1f1b then
    print(WHY)
  end
end

arguments.try(parser, main, parser:parse())
