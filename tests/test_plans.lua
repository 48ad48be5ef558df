-- dpl.plan: costs, memory and time of a model in a layout, against what can be worked out by hand.

local lu = require "luaunit"

local dpl = require "dpl"
local planning = require "planning"

local plan = planning.plan

local function near(got, wanted, what)
  lu.assertAlmostEquals(got, wanted, 1e-9 * math.max(1, math.abs(wanted)), what)
end

---- Seconds ----

local TestPlanSeconds = {}

-- Sums over the stages of a plan, forward and backward.
local function sum(made, name)
  local total = 0
  for _, stage in ipairs(made.stages) do
    for _, part in ipairs { "in_forward", "in_input", "in_weight" } do
      total = total + stage[part][name]
    end
  end
  return total
end

local function on_machine(name, layout)
  local given = { model = name, hardware = planning.machine(), global_batch = 1, mtp = false }
  for key, value in pairs(layout or {}) do
    given[key] = value
  end
  return plan(given)
end

function TestPlanSeconds.test_products_are_six_flops_a_weight_in_every_preset()
  for _, name in ipairs(dpl.model.list()) do
    local model = dpl.model.get(name)
    local router = model.moe and model.moe.router_bias and
      (model.layers - model.moe.first_dense_layers) * model.moe.experts or 0
    local tokens = model.seq_len
    local wanted = 6 * (model:parameters().matmul - router) * tokens / 1e12
    local got = sum(on_machine(name), "products")
    lu.assertAlmostEquals(got / wanted, 1, 1e-3, name)
  end
end

function TestPlanSeconds.test_cores_are_half_of_two_and_five_products()
  local made = plan { global_batch = 1 }
  local product = 2 * 64 * 64 * 256
  near(sum(made, "core"), 8 * (2 + 5) * product / 2 / 1e12)
  local stored = plan { global_batch = 1, flash = false }
  local matrix = 4 * 64 * 64 * 2
  near(sum(stored, "core"), 8 * ((2 + 4) * product / 1e12 + (5 + 7) * matrix / 1e9))
end

function TestPlanSeconds.test_degrees_share_the_products_out()
  local whole = sum(plan { global_batch = 8 }, "products")
  near(sum(plan { tensor_parallel = 4 }, "products"), whole / 4)
  near(sum(plan { pipeline_parallel = 4 }, "products"), whole)
  near(sum(plan { context_parallel = 2 }, "products"), whole / 2)
  near(sum(plan { data_parallel = 2 }, "products"), whole)
  near(sum(plan { micro_batch = 4 }, "products"), 4 * whole)
end

function TestPlanSeconds.test_collectives_of_tensor_parallelism()
  local tensor = 64 * 256 * 2
  local all_reduce = 2 * 3 / 4 * tensor / 1e9
  local function seconds(given)
    given.tensor_parallel, given.pipeline_parallel = 4, 8
    return plan(given).stages[4]
  end
  local made = seconds { tensor_comm = "all_reduce" }
  near(made.in_forward.tensor, 2 * all_reduce)
  near(made.in_input.tensor, 2 * all_reduce)
  near(seconds { regather = true }.in_input.tensor, 3 * all_reduce)
  near(seconds { regather = false }.in_input.tensor, 2 * all_reduce)
  near(seconds { tensor_link = "intra" }.in_forward.tensor, 2 * all_reduce)
end

-- All-reduces of 2sbh, four a layer and micro-batch; dispatch and combine of k h; a ring
-- attention's keys and values, three times.
function TestPlanSeconds.test_bytes_sent()
  local tensor = 64 * 256 * 2
  local stage = plan { tensor_parallel = 4, pipeline_parallel = 8, tensor_comm = "all_reduce" }
  near(stage.stages[4].tensor_bytes, 4 * 2 * 3 / 4 * tensor)
  near(stage.stages[4].expert_bytes, 0)
  local context = plan { context_parallel = 4, pipeline_parallel = 8 }.stages[4]
  near(context.context_bytes, 3 * 3 / 4 * 2 * tensor)
  local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
    moe = { experts = 16, top_k = 4, expert_ffn = 128 } }
  local mixture = plan { model = model, pipeline_parallel = 8, data_parallel = 16,
    global_batch = 16, expert_parallel = 16 }.stages[4]
  near(mixture.expert_bytes, 2 * 2 * 4 * 15 / 16 * tensor)
  local data = plan { data_parallel = 4, zero = 1 }
  near(data.data_bytes, 3 / 4 * (4 + 2) * data.memory[1].parameters)
end

function TestPlanSeconds.test_what_overlaps_in_a_layer()
  local machine = planning.machine { memory_gb_s = 1e9, intra_gb_s = 0.1 }
  local function stage(given)
    given.hardware, given.tensor_parallel, given.pipeline_parallel = machine, 4, 8
    return plan(given).stages[4]
  end
  local none = stage {}
  local ring = stage { tensor_overlap = "ring" }
  local products, tensor = none.in_forward.products, none.in_forward.tensor
  near(none.forward - none.in_forward.bytes, products + none.in_forward.core + tensor)
  near(none.forward - ring.forward, math.min(tensor * 3 / 4, products * 3 / 4))
  near(none.input + none.weight - none.backward,
    math.min(none.in_input.tensor, none.in_weight.products))
end

-- Keys and values go round behind the core, in B as in F and I.
function TestPlanSeconds.test_context_hides_behind_the_core()
  local function stage(gb_s)
    return plan { pipeline_parallel = 8, context_parallel = 4,
      hardware = planning.machine { memory_gb_s = 1e9, intra_gb_s = gb_s } }.stages[4]
  end
  local fast, slow = stage(1e6), stage(1e-3)
  local function left(seconds)
    return seconds.context - seconds.core
  end
  lu.assertTrue(fast.in_input.context < fast.in_input.core)
  near(slow.forward - fast.forward, left(slow.in_forward))
  near(slow.input - fast.input, left(slow.in_input))
  near(slow.backward - fast.backward, left(slow.in_input))
end

-- Ten passes over the logits in 32 bits, one and a half backward; 12 bytes an embedding's gradient.
function TestPlanSeconds.test_ends_of_the_model()
  local made = plan { pipeline_parallel = 8 }
  local first, middle, last = made.stages[1], made.stages[4], made.stages[8]
  local logits, row = 64 * 512, 64 * 256 * 2
  near(last.in_forward.bytes - middle.in_forward.bytes, 10 * 4 * logits / 1e9)
  near(last.in_input.bytes - middle.in_input.bytes, 1.5 * 4 * logits / 1e9)
  near(first.in_weight.bytes, 12 * 512 * 256 / 1e9)
  near(first.in_forward.bytes - middle.in_forward.bytes, 2 * row / 1e9)
end

-- A ring that leaves the node has as many network links as it has GPUs there, up to NVLink's rate.
function TestPlanSeconds.test_rings_over_nodes()
  local function seconds(given)
    given.hardware = planning.machine { inter_gb_s = 0.25 }
    given.data_overlap, given.zero = false, 0
    local made = plan(given)
    return made.data_exposed / (2 * 4 * made.memory[1].parameters / 1e9)
  end
  near(seconds { data_parallel = 16, global_batch = 16 }, 15 / 16)
  near(seconds { data_parallel = 4, tensor_parallel = 4 }, 3 / 4 / 0.5)
  near(seconds { data_parallel = 4, data_link = "inter" }, 3 / 4 / 0.25)
  near(seconds { data_parallel = 4 }, 3 / 4)
end

function TestPlanSeconds.test_efficiency_by_size()
  local by_size = { { 64, 0.5 }, { 256, 1 } }
  local function weight(tokens)
    return plan { hardware = planning.machine(nil, { by_size = by_size }), pipeline_parallel = 8,
      seq_len = tokens, global_batch = 1 }.stages[4].in_weight.products
  end
  local flops = 2 * 12 * 256 * 256
  near(weight(64), 64 * flops / 0.5 / 1e12)
  near(weight(128), 128 * flops / 0.75 / 1e12)
  near(weight(32), 32 * flops / 0.25 / 1e12)
  near(weight(512), 512 * flops / 1e12)
end

function TestPlanSeconds.test_messages_between_ranks()
  local bytes = 64 * 256 * 2
  local function message(given)
    given.pipeline_parallel = 2
    given.hardware = planning.machine({ intra_gb_s = 4 }, { inter_latency = 0.5 })
    local made = plan(given)
    return made.message_bytes, made.p2p
  end
  local got, seconds = message {}
  near(got, bytes)
  near(seconds, bytes / 4e9)
  got, seconds = message { tensor_parallel = 4, data_parallel = 4 }
  near(got, bytes / 4)
  near(seconds, 0.5 + bytes / 4 / 1e9)
  got, seconds = message { pipeline_link = "inter" }
  near(got, bytes)
  near(seconds, 0.5 + bytes / 1e9)
  got, seconds = message { tensor_parallel = 4, tensor_comm = "scatter_gather" }
  near(got, bytes / 4)
  near(seconds, bytes / 4 / 4e9 + 3 / 4 * bytes / 4e9)
end

---- Experts ----

local TestPlanExperts = {}

local function mixture(given)
  local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
    moe = { experts = 16, top_k = 4, expert_ffn = 128 } }
  local options = { model = model, pipeline_parallel = 8, data_parallel = 16, global_batch = 16,
    expert_parallel = 16 }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return plan(options).stages[4]
end

function TestPlanExperts.test_all_to_alls_take_the_slower_link()
  local tokens, h = 64, 256
  local inside = 2 * tokens * h * 2 * 4 * 7 / 8 / 1e9
  local outside = 2 * tokens * h * 2 * 4 * 1 / 2 / 1e9
  near(mixture().in_forward.expert, math.max(inside, outside))
  local slow = planning.machine { inter_gb_s = 0.1 }
  near(mixture { hardware = slow }.in_forward.expert, 10 * outside)
  near(mixture { hardware = slow, expert_nodes = 1 }.in_forward.expert, 10 * outside / 4)
  near(mixture { expert_parallel = 1, hardware = slow }.in_forward.expert, 0)
  local eight = planning.machine { peak_tflops_fp8 = 2, inter_gb_s = 0.1 }
  near(mixture { hardware = eight, precision = "fp8" }.in_forward.expert, 10 * outside * 3 / 4)
end

function TestPlanExperts.test_parameters_are_shared_out()
  local whole, shared = mixture { expert_parallel = 1 }, mixture()
  near(whole.expert_parameters, 16 * 3 * 256 * 128)
  near(shared.expert_parameters, 3 * 256 * 128)
  near(shared.parameters, whole.parameters)
end

-- Routed experts need no collectives of tensor parallelism; shared ones, which it cuts, do.
function TestPlanExperts.test_tensor_collectives_of_mixtures()
  local function seconds(shared)
    local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
      moe = { experts = 16, top_k = 4, expert_ffn = 128, shared_experts = shared } }
    return mixture { model = model, tensor_parallel = 4, data_parallel = 4 }.in_forward.tensor
  end
  near(seconds(0), 2 * 3 / 4 * 64 * 256 * 2 / 1e9)
  near(seconds(1), 2 * seconds(0))
end

function TestPlanExperts.test_a_pair_hides_the_lesser_part()
  local function pair(hidden)
    local machine = planning.machine({ memory_gb_s = 1e9 }, { pair_hidden = hidden })
    local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
      moe = { experts = 16, top_k = 4, expert_ffn = 128 } }
    return plan { model = model, hardware = machine, strategy = "dualpipe", pipeline_parallel = 4,
      data_parallel = 16, global_batch = 128, expert_parallel = 16 }.stages
  end
  local stages = pair(1)
  local f, b = stages[2], stages[7]
  local exchange = f.in_forward.expert + b.in_input.expert
  local computing = f.forward + b.backward - exchange
  near(f.pair, math.max(computing, exchange))
  near(pair(0)[2].pair, computing + exchange)
end

---- Layers ----

local TestPlanLayers = {}

local function layers(given)
  local counts = {}
  for i, stage in ipairs(plan(given).stages) do
    counts[i] = stage.layers
  end
  return counts
end

function TestPlanLayers.test_short_pieces_are_at_the_ends()
  lu.assertEquals(layers { pipeline_parallel = 4 }, { 2, 2, 2, 2 })
  lu.assertEquals(layers { pipeline_parallel = 3 }, { 3, 3, 2 })
  lu.assertEquals(layers { pipeline_parallel = 5 }, { 1, 2, 2, 2, 1 })
  lu.assertEquals(layers { pipeline_parallel = 4, layers_of = { 1, 3, 4, 0 } }, { 1, 3, 4, 0 })
end

function TestPlanLayers.test_every_division_adds_up()
  for count = 1, 40 do
    for pieces = 1, count do
      local total = 0
      for _, n in ipairs(layers { model = planning.gpt { layers = count },
        pipeline_parallel = pieces, global_batch = 2 }) do
        total = total + n
      end
      lu.assertEquals(total, count)
    end
  end
end

function TestPlanLayers.test_multi_token_prediction_is_on_the_last_piece()
  local given = { model = "deepseek-v3", hardware = "h800", pipeline_parallel = 16, mtp = false,
    global_batch = 32, train_mtp = true }
  lu.assertEquals(layers(given)[16], 2)
  given.train_mtp = false
  lu.assertEquals(layers(given)[16], 3)
end

function TestPlanLayers.test_two_routes_have_the_model_twice()
  local one = plan { pipeline_parallel = 4, strategy = "1f1b" }
  local two = plan { pipeline_parallel = 4, strategy = "dualpipe" }
  local v = plan { pipeline_parallel = 2, strategy = "dualpipev" }
  for rank = 1, 4 do
    lu.assertEquals(#two.stages, 8)
    near(two.memory[rank].parameters, one.memory[rank].parameters + one.memory[5 - rank].parameters)
  end
  near(v.memory[1].parameters, two.memory[1].parameters)
end

return {
  TestPlanSeconds = TestPlanSeconds, TestPlanExperts = TestPlanExperts,
  TestPlanLayers = TestPlanLayers,
}
