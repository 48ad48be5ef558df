-- How fast plans are worked out, and searches of layouts go: plans beside the bare simulation of
-- their schedule, searches in configurations a second. "make bench" runs it.

local dpl = require "dpl"
local search = require("dpl.benchmark").ConfigurationSearch

local TIMES <const> = 7

local function median(f)
  local times = {}
  for i = 1, TIMES do
    collectgarbage()
    local begin = os.clock()
    f()
    times[i] = os.clock() - begin
  end
  table.sort(times)
  return times[TIMES // 2 + 1]
end

local PLANS <const> = {
  { "gpt3-175b, 8 ranks", { model = "gpt3-175b", hardware = "a100", strategy = "interleaved_1f1b",
    stages_per_rank = 3, tensor_parallel = 8, pipeline_parallel = 8, global_batch = 64,
    causal = false, peak = "bf16" } },
  { "deepseek-v3, 16 ranks", { model = "deepseek-v3", hardware = "h800", strategy = "dualpipe",
    pipeline_parallel = 16, data_parallel = 128, expert_parallel = 64, global_batch = 15360,
    causal = true, mtp = false, peak = "bf16" } },
  { "megatron-1t, 64 ranks", { model = "megatron-1t", hardware = "a100", strategy = "1f1b",
    tensor_parallel = 8, pipeline_parallel = 64, global_batch = 4096, causal = false,
    peak = "bf16" } },
}

print(("\nPlans: median of %d.\n"):format(TIMES))
print("plan                     actions      ms   schedule and simulation, ms")
for _, row in ipairs(PLANS) do
  local options = row[2]
  local plan = assert(dpl.plan(options))
  local shape = { num_ranks = options.pipeline_parallel, num_chunks = plan.num_chunks,
    stages_per_rank = options.stages_per_rank }
  local whole = median(function() dpl.plan(options) end)
  local bare = median(function() dpl.simulate(dpl.schedule(options.strategy, shape), { F = 1 }) end)
  print(("%-22s%10d%8.2f%30.2f"):format(row[1], #plan.schedule, 1e3 * whole, 1e3 * bare))
end

-- The space that calculon searches on 512 A100s.
local FLAGS <const> = { true, false }
local CALCULONS <const> = {
  model = "gpt3-175b", hardware = dpl.hardware.define { base = "a100", host_gb_s = 32 },
  gpus = 512, context_parallel = 1, max_global_batch = 512,
  strategy = { "1f1b", "interleaved_1f1b" }, stages_per_rank = "all", flash = false, dropout = true,
  even_layers = true, recompute = { "none", "selective", "full" }, zero = { 0, 1 },
  tensor_comm = { "all_reduce", "scatter_gather", "sequence_parallel" }, regather = FLAGS,
  data_overlap = FLAGS, tensor_overlap = { "none", "ring", "pipe" }, offload_weights = FLAGS,
  offload_activations = FLAGS, offload_optimizer = FLAGS, fused_activation = true,
  tensor_link = { "intra", "inter" }, pipeline_link = { "intra", "inter" },
  data_link = { "intra", "inter" }, causal = false, peak = "bf16", workers = 1,
}

print("\nA search of layouts: GPT-3 175B on 512 A100s, one processor.\n")
-- Searches run in copies of the process, which os.clock does not see.
local function now()
  local pipe <close> = assert(io.popen("date +%s.%N"))
  return tonumber(pipe:read("l"))
end

local begin = now()
local _, counts = search(CALCULONS):run()
local seconds = now() - begin
print(("%d configurations in %.2f s, %d simulated: %.2f M a second"):format(counts.configurations,
  seconds, counts.simulations, counts.configurations / seconds / 1e6))
