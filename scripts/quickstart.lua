-- Each of dpl's classes in a few lines: read it beside what it prints.

local dpl = require "dpl"
local analysis = require "dpl.analysis"
local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local simulator = require "dpl.simulator"

arguments.parser("quickstart.lua",
  "Shows each of dpl's classes in a few lines. Costs are F = 1, B = 2, W = 1, FB = 3 in any unit "
    .. "of time, those of a rank's whole share of the model, unless others are named."):parse()

local function section(title)
  print(("\n%s\n%s"):format(title, ("="):rep(#title)))
end

local function class(name)
  print(("\n-- %s"):format(name))
end

local function printf(format, ...)
  print(format:format(...))
end

---- dpl ----

section("dpl: a schedule, its timeline, and a drawing")
local schedule = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
local timeline = dpl.simulate(schedule, { F = 1, B = 2, W = 1, FB = 3, p2p = 0 })
print(schedule)
print(timeline)
print(timeline:gantt())

---- dpl.analysis ----

section("dpl.analysis")

class("ScheduleAnalyzer: what every rank does, and how many chunks a bubble ratio takes")
local analyzer = analysis.ScheduleAnalyzer { num_ranks = 4, num_chunks = 8 }
local operations = analyzer:operations("1f1b")
printf("1f1b, the first of rank 3's %d operations: %s", #operations[4], operations[4][1])
printf("1f1b, idle / (ranks x makespan): %.3f", analyzer:bubble_ratio("1f1b"))
local enough = analyzer:optimal_chunks("1f1b", 0.1)
printf("1f1b, at most 0.1 from %d chunks on: %.3f (%s)", enough.num_chunks, enough.bubble_ratio,
  enough.method)

class("BubbleCalculator: closed forms, where they hold")
local calculator = analysis.BubbleCalculator { num_ranks = 4 }
for _, row in ipairs { calculator:dualpipe_bubble(16), calculator:gpipe_bubble(16) } do
  printf("%-9s bubble %g of %g in all, ratio %.3f, %s: %s", row.strategy, row.bubble_time,
    row.total_time, row.bubble_ratio, row.method, row.formula)
end

class("CommunicationAnalyzer: what travels between ranks, counted from the schedule")
local traffic = analysis.CommunicationAnalyzer {
  num_ranks = 4, num_chunks = 8, hidden_dim = 4096, seq_len = 2048, micro_batch_size = 1,
}
printf("1f1b sends %d messages, %.1f MB (10^6 bytes) in all", traffic:count("1f1b").messages,
  traffic:volume("1f1b").total_bytes / 1e6)

---- dpl.simulator ----

section("dpl.simulator")

class("PipelineEvent: what a rank does from one time to another")
print(simulator.PipelineEvent {
  rank = 3, stage = 3, chunk = 7, kind = "forward", start = 10, finish = 11,
})

class("ScheduleSimulator: timelines and events of strategies")
local simulation = simulator.ScheduleSimulator { num_ranks = 4, num_chunks = 8 }
local events = simulation:events("zb_h1")
printf("zb_h1 takes %g; the last of its %d events: %s", simulation:makespan("zb_h1"), #events,
  events[#events])

class("ScheduleComparator: strategies, best first")
local comparator = simulator.ScheduleComparator { num_ranks = 4, num_chunks = 8 }
for i, row in ipairs((comparator:compare_strategies())) do
  printf("%d. %-9s makespan %g, bubble ratio %.3f, activations %.2f of 1f1b's", i, row.strategy,
    row.makespan, row.bubble_ratio, row.memory_factor)
end
print("The whole report: dpl scripts/compare.lua")

class("ConfigOptimizer: chunk counts, sensitivities, thresholds of communication")
local optimizer = simulator.ConfigOptimizer { num_ranks = 4, num_chunks = 8, overhead = 0.02 }
local best = optimizer:optimal_chunks("1f1b")
printf("1f1b is fastest with the batch cut into %d chunks: %.4g", best.num_chunks, best.makespan)
for _, row in ipairs(optimizer:sensitivity("1f1b")) do
  if row.used and row.independent then
    printf("1f1b's makespan moves by %g for each unit of %s", row.makespan_slope_above, row.cost)
  end
end
local threshold = optimizer:communication_threshold("dualpipev", "1f1b")
printf("%s is faster than %s up to a transfer time of %.4g", threshold.before, threshold.after,
  threshold.p2p)

---- dpl.benchmark ----

section("dpl.benchmark (MB and GB are 10^6 and 10^9 bytes)")
local model = { hidden_dim = 4096, seq_len = 2048, batch_size = 64, num_layers = 32 }

class("MemoryEstimator: the fullest GPU of the pipeline")
local memory = benchmark.MemoryEstimator {
  num_ranks = 4, num_chunks = 16, model_params = 7e9, hidden_dim = model.hidden_dim,
  seq_len = model.seq_len, batch_size = model.batch_size, num_layers = model.num_layers,
}
for _, strategy in ipairs { "1f1b", "dualpipe" } do
  printf("%-9s activations %.0f MB, parameters and optimizer %.0f MB", strategy,
    memory:estimate_activation_memory(strategy).peak_mb,
    memory:estimate_parameter_memory(strategy).total_mb)
end

class("ThroughputEstimator: step time and MFU of one pipeline")
local throughput = benchmark.ThroughputEstimator {
  num_ranks = 4, num_chunks = 16, model_params = 7e9, hidden_dim = model.hidden_dim,
  seq_len = model.seq_len, batch_size = model.batch_size, num_layers = model.num_layers,
}
local rate = throughput:throughput("1f1b")
printf("1f1b: %.2f s a step, %.1f samples/s, %.0f tokens/s, MFU %.1f %%", rate.step_time_s,
  rate.samples_per_second, rate.tokens_per_second, 100 * rate.mfu)

class("ScalabilityAnalyzer: more ranks for the same work")
local scaling = benchmark.ScalabilityAnalyzer {
  num_ranks = 1, num_chunks = 16, model_params = 7e9, hidden_dim = model.hidden_dim,
  seq_len = model.seq_len, batch_size = model.batch_size, num_layers = model.num_layers,
}
for _, row in ipairs((scaling:strong_scaling("1f1b", { 2, 4, 8 }))) do
  printf("%d ranks: %.2f times as fast, efficiency %.2f", row.num_ranks, row.speedup,
    row.efficiency)
end

class("ConfigurationSearch: what fits the memory, best first")
local search = benchmark.ConfigurationSearch {
  model_params = 7e9, hidden_dim = model.hidden_dim, seq_len = model.seq_len,
  batch_size = model.batch_size, num_layers = model.num_layers, gpu_memory_gb = 80,
}
for i, row in ipairs((search:search_optimal_config { min_ranks = 2, max_ranks = 8, limit = 3 })) do
  printf("%d. %s, %d ranks, %d chunks: %.1f samples/s, %.1f GB", i, row.strategy, row.num_ranks,
    row.num_chunks, row.throughput, row.memory)
end
