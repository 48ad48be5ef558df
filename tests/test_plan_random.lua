-- Plans of random layouts of every preset: they are refused with a reason, or hold together.

local lu = require "luaunit"

local dpl = require "dpl"

local TestPlanRandom = {}

local function pick(random, list)
  return list[random(#list)]
end

local SMALL <const> = { 1, 1, 2, 4, 8, 3 }

-- Options of a plan by a function that gives random numbers as math.random does.
local function random_options(random)
  local model, hardware = pick(random, dpl.model.list()), pick(random, dpl.hardware.list())
  local data, micro_batch = pick(random, SMALL), pick(random, { 1, 2 })
  local function flag()
    return random(2) == 1
  end
  return {
    model = model, hardware = dpl.hardware.define { base = hardware, host_gb_s = 32 },
    strategy = pick(random, dpl.strategies()), tensor_parallel = pick(random, SMALL),
    pipeline_parallel = pick(random, { 1, 2, 4, 8, 16 }), data_parallel = data,
    context_parallel = pick(random, { 1, 1, 2 }), expert_parallel = pick(random, { 1, 1, 2, 4 }),
    micro_batch = micro_batch, global_batch = data * micro_batch * pick(random, { 1, 8, 16, 33 }),
    tensor_comm = pick(random, { "all_reduce", "scatter_gather", "sequence_parallel" }),
    regather = flag(), tensor_overlap = pick(random, { "none", "ring", "pipe" }),
    data_overlap = flag(), recompute = pick(random, { "none", "selective", "full" }),
    zero = random(0, 3), precision = pick(random, { "bf16", "bf16", "fp8" }), flash = flag(),
    dropout = flag(), fused_activation = flag(), train_mtp = model == "deepseek-v3" and flag(),
    offload_weights = random(8) == 1, offload_activations = random(8) == 1,
    offload_optimizer = random(8) == 1, expert_nodes = random(0, 4),
    data_link = pick(random, { "auto", "auto", "inter" }), causal = flag(), mtp = flag(),
    peak = "bf16",
  }
end

local CODES <const> = { SIZE = true, ARGUMENT = true }

local function is_positive(value)
  return value > 0 and value < math.huge
end

local function check_stages(made, what)
  for _, s in ipairs(made.stages) do
    lu.assertTrue(s.forward >= 0 and s.input >= 0 and s.weight >= 0, what)
    lu.assertTrue(s.backward <= (s.input + s.weight) * (1 + 1e-12), what)
    lu.assertTrue(s.weight_bytes >= 0 and s.weight_bytes <= s.kept_bytes * (1 + 1e-12), what)
    lu.assertTrue(s.pair == 0 or s.pair <= (s.forward + made.step_time), what)
  end
end

local function check_memory(made, what)
  for _, row in ipairs(made.memory) do
    local sum = row.parameter_bytes + row.gradient_bytes + row.optimizer_bytes
      + row.activation_bytes + row.transient_bytes + row.buffer_bytes + row.reserve_bytes
    lu.assertAlmostEquals(row.total_bytes / sum, 1, 1e-12, what)
    lu.assertTrue(row.activation_bytes >= 0 and row.total_bytes <= made.worst_bytes, what)
  end
end

local function check(made, what)
  lu.assertTrue(is_positive(made.step_time) and is_positive(made.pipeline), what)
  lu.assertTrue(made.data_exposed >= 0 and made.optimizer > 0, what)
  lu.assertAlmostEquals(made.pipeline + made.data_exposed + made.optimizer, made.step_time,
    1e-9 * made.step_time, what)
  lu.assertTrue(made.mfu > 0 and made.mfu <= 1 and made.hfu >= made.mfu * (1 - 1e-12), what)
  lu.assertTrue(made.bubble_ratio >= 0 and made.bubble_ratio < 1, what)
  check_stages(made, what)
  check_memory(made, what)
  lu.assertTrue(#made:report() > 100, what)
end

local function described(options)
  local parts = {}
  for name, value in pairs(options) do
    parts[#parts + 1] = name .. "=" .. tostring(value)
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

function TestPlanRandom.test_random_layouts()
  math.randomseed(6)
  local made_count, refused = 0, 0
  for _ = 1, 1500 do
    local options = random_options(math.random)
    local made, message, code = dpl.plan(options)
    local what = described(options)
    if made then
      made_count = made_count + 1
      check(made, what)
    else
      refused = refused + 1
      lu.assertTrue(CODES[code], what .. ": " .. tostring(message))
    end
  end
  lu.assertTrue(made_count > 150 and refused > 150, made_count)
end

return { TestPlanRandom = TestPlanRandom }
