-- What dpl.plan says where a plan cannot be: the rule, the values, and the nearest that would do.

local lu = require "luaunit"

local dpl = require "dpl"
local planning = require "planning"

---- Layouts that cannot be ----

local TestPlanLimits = {}

local function refused(given, code, message)
  local made, got, got_code = dpl.plan(planning.options(given))
  lu.assertNil(made)
  lu.assertEquals(got, message)
  lu.assertEquals(got_code, code)
end

function TestPlanLimits.test_degrees_that_do_not_divide()
  refused({ tensor_parallel = 3 }, "SIZE",
    "tensor_parallel = 3 does not divide heads = 4: the nearest that do are 2 and 4")
  refused({ tensor_parallel = 8 }, "SIZE",
    "tensor_parallel = 8 is more than heads = 4, which it must divide")
  refused({ context_parallel = 3 }, "SIZE",
    "context_parallel = 3 does not divide seq_len = 64: the nearest that do are 2 and 4")
  refused({ tensor_parallel = 4, seq_len = 66 }, "SIZE",
    "tensor_parallel = 4 does not divide seq_len / context_parallel = 66, which sequence "
    .. "parallelism cuts: the nearest that do are 3 and 6")
  refused({ model = "llama3-70b", tensor_parallel = 64, pipeline_parallel = 81 }, "SIZE",
    "81 stages for 80 layers: a stage has at least one, so that the pipeline has at most 80 ranks "
    .. "of as many stages each (or give layers_of)")
  refused({ data_parallel = 3 }, "SIZE",
    "global_batch = 8 must be a multiple of data_parallel x micro_batch = 3 x 1: the nearest are "
    .. "6 and 9")
  refused({ micro_batch = 16 }, "SIZE",
    "global_batch = 8 must be a multiple of data_parallel x micro_batch = 1 x 16: the least is 16")
end

function TestPlanLimits.test_experts()
  refused({ expert_parallel = 2 }, "SIZE",
    "expert_parallel = 2, but the model has no experts: it must be 1")
  refused({ model = "mixtral-8x7b", expert_parallel = 3 }, "SIZE",
    "expert_parallel = 3 does not divide experts = 8: the nearest that do are 2 and 4")
  refused({ model = "mixtral-8x7b", expert_parallel = 8, data_parallel = 4 }, "SIZE",
    "expert_parallel = 8 is more than tensor_parallel x context_parallel x data_parallel = 4, "
    .. "which it must divide, the GPUs that share out experts")
end

function TestPlanLimits.test_layers()
  refused({ pipeline_parallel = 2, layers_of = { 4, 3 } }, "SIZE",
    "layers_of adds up to 7 layers; the model has 8")
  refused({ pipeline_parallel = 2, layers_of = { 4, 3, 1 } }, "SIZE",
    "layers_of lists 3 pieces of the model, and the strategy's route has 2 stages")
  refused({ strategy = "interleaved_1f1b", stages_per_rank = 3, pipeline_parallel = 4 }, "SIZE",
    "12 stages for 8 layers: a stage has at least one, so that the pipeline has at most 2 ranks of "
    .. "as many stages each (or give layers_of)")
  refused({ model = planning.gpt { layers = 8, mtp_layers = 2 }, mtp = false, train_mtp = true,
    pipeline_parallel = 8 }, "SIZE",
    "2 layers of multi-token prediction are more than an even division gives the last of 8 stages: "
    .. "give layers_of")
end

function TestPlanLimits.test_what_needs_what()
  refused({ precision = "fp8" }, "ARGUMENT",
    "precision 'fp8': the machine has no 8-bit products")
  refused({ peak = "fp8" }, "ARGUMENT",
    "the machine has no 8-bit peak to measure against: take the 16-bit one")
  refused({ train_mtp = true }, "ARGUMENT",
    "train_mtp: the model has no layers of multi-token prediction")
  refused({ offload_weights = true }, "ARGUMENT",
    "to offload, the machine's host_gb_s must be given: what a GPU's link to the host's memory "
    .. "carries, 10^9 bytes a second")
  refused({ tensor_parallel = 4, pipeline_parallel = 4, tensor_link = "intra",
    pipeline_link = "intra" }, "SIZE",
    "groups that are to stay inside a node make 16 GPUs together, and a node has 8")
end

function TestPlanLimits.test_strategies_sizes()
  local _, message, code = dpl.plan(planning.options { strategy = "dualpipe",
    pipeline_parallel = 3 })
  lu.assertStrContains(message, "dualpipe needs an even num_ranks (got 3)")
  lu.assertEquals(code, "SIZE")
end

---- Mistakes ----

local TestPlanMistakes = {}

local function raises(given, message)
  local ok, got = pcall(dpl.plan, given)
  lu.assertFalse(ok)
  lu.assertStrContains(got, message)
end

function TestPlanMistakes.test_options()
  raises(3, "dpl.plan: options are given in a table")
  raises({}, "dpl.plan: option 'model' is missing: a name of dpl.model.list(), or a table")
  raises(planning.options { model = "llama3-70" }, "unknown model 'llama3-70' (did you mean "
    .. "'llama3-70b'?)")
  raises(planning.options { hardware = "h8000" }, "did you mean 'h800'?")
  raises(planning.options { tensor_paralel = 2 }, "dpl.plan: unknown option 'tensor_paralel' (did "
    .. "you mean 'tensor_parallel'?)")
  raises(planning.options { tensor_parallel = 0 }, "option 'tensor_parallel' must be")
  raises(planning.options { zero = 4 }, "option 'zero' must be")
  raises(planning.options { recompute = "all" }, "'none', 'selective' or 'full'")
  raises(planning.options { strategy = "1fb1" }, "1f1b")
end

function TestPlanMistakes.test_conventions_are_asked_for()
  local given = planning.options()
  given.causal = nil
  raises(given, "dpl.plan: option 'causal' is missing: MFU hangs on it, and no convention is "
    .. "everybody's (true: half of the attention counts")
  given.causal, given.peak = true, nil
  raises(given, "dpl.plan: option 'peak' is missing: MFU hangs on it")
  given.peak, given.model = "bf16", "deepseek-v3"
  raises(given, "dpl.plan: option 'mtp' is missing")
end

function TestPlanMistakes.test_hardware()
  raises(planning.options { hardware = {} }, "peak_tflops_bf16")
  local machine = planning.machine()
  machine.efficiency.matmul = 1.5
  raises(planning.options { hardware = machine }, "matmul must be from 0.001 to 1 (got 1.5)")
  machine.efficiency.matmul, machine.efficiency.by_size = 1, { { 64, 1 }, { 32, 1 } }
  raises(planning.options { hardware = machine }, "row 2 of by_size: sizes are at least 1 and rise")
  machine.efficiency.by_size = { { 64, 0 } }
  raises(planning.options { hardware = machine }, "row 1 of by_size: a share is over 0")
  machine.efficiency.by_size = { 3 }
  raises(planning.options { hardware = machine }, "row 1 of by_size is { size, share }")
  machine.efficiency.by_size = { { 3, "a" } }
  raises(planning.options { hardware = machine }, "row 1 of by_size is { size, share }; its share")
  machine.efficiency.by_size = 3
  raises(planning.options { hardware = machine }, "by_size is a list of { size, share }")
  machine.efficiency.by_size = {}
  for i = 1, 17 do
    machine.efficiency.by_size[i] = { i, 1 }
  end
  raises(planning.options { hardware = machine }, "by_size has at most 16 rows (got 17)")
  machine.efficiency = nil
  raises(planning.options { hardware = machine }, "hardware.efficiency is a table of shares")
end

return { TestPlanLimits = TestPlanLimits, TestPlanMistakes = TestPlanMistakes }
