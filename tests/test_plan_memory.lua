-- What GPUs hold under a plan: Korthikanti's table 2, states of parameters, orders.

local lu = require "luaunit"

local dpl = require "dpl"
local planning = require "planning"

local plan = planning.plan

local GIB <const> = 1 << 30

local function near(got, wanted, what)
  lu.assertAlmostEquals(got, wanted, 1e-9 * math.max(1, math.abs(wanted)), what)
end

---- Activations of a layer ----

local TestPlanActivations = {}

-- Bytes that one layer keeps, over s b h: of a piece of one layer that is neither first nor last.
local function per_sbh(given)
  local options = { pipeline_parallel = 8, flash = false, dropout = true, micro_batch = 2 }
  for name, value in pairs(given) do
    options[name] = value
  end
  return plan(options).stages[4].kept_bytes / (64 * 2 * 256)
end

-- Korthikanti, arXiv 2205.05198, table 2; 5 a s / h of the model is 5.
function TestPlanActivations.test_table_2()
  local attention = 5 * 4 * 64 / 256
  for _, t in ipairs { 1, 2, 4 } do
    local without, with = "all_reduce", "sequence_parallel"
    local function bytes(comm, recompute)
      return per_sbh { tensor_parallel = t, tensor_comm = comm, recompute = recompute }
    end
    near(bytes(without), 10 + 24 / t + attention / t)
    near(bytes(with), 34 / t + attention / t)
    near(bytes(without, "selective"), 10 + 24 / t)
    near(bytes(with, "selective"), 34 / t)
    near(bytes(without, "full"), 2)
  end
end

function TestPlanActivations.test_flash_keeps_row_sums_and_no_masks_less()
  near(per_sbh { flash = true }, 34 + 4 * 4 / 256)
  near(per_sbh { flash = true, dropout = false }, 32 + 4 * 4 / 256)
  near(per_sbh { dropout = false }, 32 + 2 * 4 * 64 / 256)
end

function TestPlanActivations.test_what_is_not_gathered_again_is_kept_whole()
  near(per_sbh { tensor_parallel = 4, regather = false, recompute = "selective" },
    34 / 4 + 2 * 2 * (1 - 1 / 4))
end

function TestPlanActivations.test_fused_activation_drops_its_output()
  near(per_sbh { recompute = "selective", fused_activation = true }, 34 - 8)
end

-- The form that SimuMax's rows confirm: 8h + 4ad + 4kd + 6f bytes a token and layer.
function TestPlanActivations.test_llama()
  local m = dpl.model.get("llama3-70b")
  local made = plan { model = m, pipeline_parallel = 80, global_batch = 1, seq_len = 4096 }
  local token = 8 * m.hidden + 4 * m.heads * m.head_dim + 4 * m.kv_heads * m.head_dim + 6 * m.ffn
  near(made.stages[40].kept_bytes, 4096 * (token + 4 * m.heads))
end

-- Inputs of norms 4h, of attention 2h, of the experts' products 2h each of k (their inner 6f of a
-- gated MLP), scores 4 bytes an expert; the router reads the shard.
function TestPlanActivations.test_mixture()
  local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
    moe = { experts = 16, top_k = 4, expert_ffn = 128 } }
  local function kept(given)
    given.model, given.pipeline_parallel = model, 8
    return plan(given).stages[4].kept_bytes / 64
  end
  local attention, experts = 8 * 256 + 4 * 4, 4 * (2 * 256 + 6 * 128)
  near(kept {}, attention + 4 * 256 + 2 * 256 + 2 * 256 + experts + 4 * 16)
  near(kept { tensor_parallel = 2, regather = false },
    attention / 2 + 4 * 256 / 2 + 2 * 256 + 2 * 256 / 2 + experts / 2 + 4 * 16 / 2)
end

function TestPlanActivations.test_latent_attention_makes_heads_again()
  local function kept(recompute)
    return plan { model = "deepseek-v3", pipeline_parallel = 61, recompute = recompute, mtp = false,
      global_batch = 1 }.stages[30].kept_bytes / 4096
  end
  near(kept("none") - kept("selective"), 2 * 128 * (192 + 192 + 128))
end

-- Activations per GPU that calculon@caa4b11, llm/validation.py, has for Korthikanti's figure 1:
-- layers x (1 + (p - 1) / (p v)) of their bytes where stages interleave. Dropout of the embedding
-- is besides.
function TestPlanActivations.test_korthikanti_figure_1()
  local cases = {
    { "megatron-22b", 1, 1, 4, 59.25, 9.5625 }, { "gpt3-175b", 8, 3, 1, 66.84375, 12.3515625 },
    { "mt-nlg-530b", 35, 3, 1, 114.0234375, 23.076171875 },
    { "megatron-1t", 64, 1, 1, 131.25, 26.5625 },
  }
  for _, case in ipairs(cases) do
    local name, p, v, micro_batch, none, selective = table.unpack(case)
    for recompute, wanted in pairs { none = none, selective = selective } do
      local with = recompute == "selective" and "sequence_parallel" or "all_reduce"
      local made = plan { model = name, tensor_parallel = 8, pipeline_parallel = p, dropout = true,
        strategy = v > 1 and "interleaved_1f1b" or "1f1b", stages_per_rank = v > 1 and v or nil,
        micro_batch = micro_batch, global_batch = 2 * p * micro_batch, flash = false,
        recompute = recompute, tensor_comm = with, hardware = "a100" }
      local stage = made.stages[p > 1 and 2 or 1]
      local layers = dpl.model.get(name).layers * (v > 1 and 1 + (p - 1) / (p * v) or 1)
      if p > 1 then
        near(stage.kept_bytes / stage.layers * layers / GIB, wanted, name)
      end
    end
  end
end

-- What freeing a stage's output saves on the first of 35 ranks of the 530B model: 2.73 GB
-- (Korthikanti, appendix B), an output for each micro-batch in flight.
function TestPlanActivations.test_korthikanti_appendix_b()
  local made = plan { model = "mt-nlg-530b", tensor_parallel = 8, pipeline_parallel = 35,
    global_batch = 70, tensor_comm = "all_reduce", hardware = "a100" }
  lu.assertEquals(made.memory[1].peak_chunks, 35)
  lu.assertAlmostEquals(35 * made.message_bytes / GIB, 2.73, 0.005)
end

---- States of parameters ----

local TestPlanStates = {}

local function states(given)
  local options = { pipeline_parallel = 2, tensor_parallel = 2, data_parallel = 4 }
  for name, value in pairs(given) do
    options[name] = value
  end
  return plan(options).memory[1]
end

function TestPlanStates.test_zero_shares_one_after_another()
  for zero = 0, 3 do
    local row = states { zero = zero }
    local function over(from)
      return zero >= from and 4 or 1
    end
    near(row.parameter_bytes, 2 * row.parameters / over(3))
    near(row.gradient_bytes, 4 * row.parameters / over(2))
    near(row.optimizer_bytes, 12 * row.parameters / over(1))
  end
end

function TestPlanStates.test_what_is_shared_is_whole_while_a_layer_works()
  local message = 64 * 256 * 2 / 2
  local function buffers(zero)
    local row = states { zero = zero }
    return row.buffer_bytes - 4 * message, row.parameters / 4
  end
  for zero, bytes in pairs { [0] = 0, 0, 4, 4 + 2 * 2 } do
    local got, layer = buffers(zero)
    near(got, bytes * layer)
  end
end

function TestPlanStates.test_a_context_group_shares_as_well()
  local row = states { context_parallel = 2, zero = 1 }
  near(row.optimizer_bytes, 12 * row.parameters / 8)
end

function TestPlanStates.test_experts_are_shared_by_their_own_copies()
  local model = planning.gpt { gated_mlp = true, linear_bias = false, norm = "rmsnorm", ffn = 0,
    moe = { experts = 16, top_k = 4, expert_ffn = 128 } }
  local made = plan { model = model, data_parallel = 8, expert_parallel = 4, zero = 1 }
  local stage, row = made.stages[1], made.memory[1]
  near(row.optimizer_bytes, 12 * (stage.parameters / 8 + stage.expert_parameters / 2))
  made = plan { model = model, data_parallel = 4, tensor_parallel = 2, expert_parallel = 4 }
  stage, row = made.stages[1], made.memory[1]
  near(row.optimizer_bytes, 12 * (stage.parameters / 4 + stage.expert_parameters / 2))
end

function TestPlanStates.test_whole_model_without_parallelism()
  for _, name in ipairs { "llama3-8b", "mixtral-8x7b", "gpt3-175b", "deepseek-v3" } do
    local counts = dpl.model.get(name):parameters()
    local made = plan { model = name, global_batch = 1, mtp = false }
    near(made.memory[1].parameters, counts.total, name)
    local both = counts.mtp > 0 and plan { model = name, global_batch = 1, mtp = false,
      train_mtp = true }
    near(both and both.memory[1].parameters or counts.total, counts.total + counts.mtp, name)
  end
end

function TestPlanStates.test_offloading()
  local machine = planning.machine { host_gb_s = 0.5 }
  local function row(given)
    given.hardware = machine
    return states(given)
  end
  local plain, weights = row {}, row { offload_weights = true }
  near(weights.parameter_bytes, plain.parameter_bytes * 2 / 4)
  near(row { offload_optimizer = true }.optimizer_bytes, 0)
  lu.assertTrue(row { offload_activations = true, micro_batch = 1, global_batch = 32 }
    .activation_bytes <= row { global_batch = 32 }.activation_bytes)
end

---- Over an order ----

local TestPlanOrders = {}

-- The stages of an action's text, by what it does with them: F, B, I, W.
local function parts_of(text, stages)
  local parts = {}
  for stage, kind in text:gmatch("(%d+)([FBIW])%d") do
    parts[kind] = stages[stage + 1]
  end
  return parts
end

-- The most a rank holds, counted action by action from the order.
local function replayed(made, rank)
  local held, most = 0, 0
  local nothing = { __index = function()
    return { kept_bytes = 0, weight_bytes = 0, transient_bytes = 0 }
  end }
  for _, text in ipairs(made.schedule:order(rank)) do
    local at = setmetatable(parts_of(text, made.stages), nothing)
    held = held + at.F.kept_bytes
    most = math.max(most, held + math.max(at.F.transient_bytes, at.B.transient_bytes,
      at.I.transient_bytes))
    held = held - at.B.kept_bytes - at.I.kept_bytes + at.I.weight_bytes - at.W.weight_bytes
  end
  return most
end

function TestPlanOrders.test_peaks_of_every_strategy()
  for _, name in ipairs(dpl.strategies()) do
    local made, message = dpl.plan(planning.options { strategy = name, pipeline_parallel = 4,
      global_batch = 16, model = planning.gpt { layers = 24 } })
    lu.assertNotNil(made, ("%s: %s"):format(name, message))
    for rank = 0, 3 do
      local row = made.memory[rank + 1]
      near(row.activation_bytes + row.transient_bytes, replayed(made, rank), name)
      lu.assertTrue(row.total_bytes <= made.worst_bytes)
    end
    near(made.memory[made.worst_rank + 1].total_bytes, made.worst_bytes)
  end
end

function TestPlanOrders.test_the_peak_is_named()
  local made = plan { pipeline_parallel = 4, global_batch = 16 }
  lu.assertEquals(made.worst_rank, 0)
  lu.assertEquals(made.memory[1].peak_chunks, 4)
  lu.assertEquals(made:peak_action(), made.schedule:order(0)[made.memory[1].peak_action + 1])
  lu.assertEquals(made:peak_action(), "0F3")
end

function TestPlanOrders.test_the_head_is_on_the_last_rank()
  local made = plan { pipeline_parallel = 2, model = planning.gpt { vocab = 51200 } }
  local logits = 64 * 51200
  near(made.stages[2].transient_bytes, 6 * logits)
  near(made.stages[2].kept_bytes - made.stages[1].kept_bytes, 4 * logits + 4 * 64 * 256)
  lu.assertEquals(made.worst_rank, 1)
end

return {
  TestPlanActivations = TestPlanActivations, TestPlanStates = TestPlanStates,
  TestPlanOrders = TestPlanOrders,
}
