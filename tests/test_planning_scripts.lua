-- scripts/plan.lua and scripts/memory.lua, as people run them.

local lu = require "luaunit"

local dpl = require "dpl"
local process = require "process"
local running = require "running"

local run = running.run

local GIB <const> = 1 << 30

-- A usage error, whose first line says this.
local function refuses(name, more, message)
  local output, code = process.dpl(running.script(name) .. " " .. more .. " 2>&1")
  lu.assertEquals(code, 2)
  lu.assertStrContains(output:match("^[^\n]+"), message)
  lu.assertStrContains(output, "\nUsage: " .. name .. ".lua ")
end

---- plan.lua ----

local TestPlanScript = process.test_table()

function TestPlanScript.test_plans_a_cluster()
  local output = run("plan", "--model llama3-70b --hardware h100 --gpus 64 --workers 1")
  for _, said in ipairs { "plan      llama3-70b on 64 x h100-sxm", "\nstep ", "\nMFU ", "causal",
    "the fastest of ", "\nMemory, GiB", "\nThe pipeline, its first", "\nrank 0 ", "\nAlternatives",
    "\nWhy the first is best:", "products of matrices" } do
    lu.assertStrContains(output, said)
  end
end

-- What it recommends is what dpl.plan says of that layout.
function TestPlanScript.test_the_best_is_a_plan()
  local output = run("plan", "--model llama3-8b --hardware a100 --gpus 8 --batch 32 --workers 1 "
    .. "--price 2 --alternatives 3")
  local strategy, t, p, d, e, mb, recompute, step = output:match(
    "mb  recompute[^\n]*\n  (%S+)[ x%d]- +(%d+) +(%d+) +(%d+) +(%d+) +(%d+)  (%a+) +([%d.]+)")
  local stages = output:match(strategy .. " x(%d+)")
  local made = assert(dpl.plan { model = "llama3-8b", hardware = "a100", strategy = strategy,
    stages_per_rank = tonumber(stages), tensor_parallel = tonumber(t),
    pipeline_parallel = tonumber(p), data_parallel = tonumber(d), expert_parallel = tonumber(e),
    micro_batch = tonumber(mb), recompute = recompute, global_batch = 32, causal = true,
    peak = "bf16" })
  lu.assertEquals(("%.3f"):format(made.step_time), step)
  lu.assertTrue(made.fits)
  lu.assertStrContains(output, "in money")
  local _, lines = output:match("\nAlternatives.-\n(.-)\n\n"):gsub("\n", "")
  lu.assertEquals(lines, 4)
end

function TestPlanScript.test_mistakes()
  refuses("plan", "--model llama3-70", "did you mean 'llama3-70b'?")
  refuses("plan", "--hardware h10", "did you mean")
  refuses("plan", "--gpus 0", "--gpus")
  refuses("plan", "--precision fp4", "'bf16', 'fp8'")
  local output, code = process.dpl(running.script("plan")
    .. " --model gpt3-175b --hardware a100 --gpus 8 --batch 8 2>&1")
  lu.assertEquals(code, 1)
  lu.assertStrContains(output, "plan.lua: none of")
  lu.assertStrContains(output, "the least that a GPU must hold is")
end

function TestPlanScript.test_a_config_of_ones_own()
  process.write("config.json", '{"model_type": "llama", "num_hidden_layers": 8, '
    .. '"hidden_size": 1024, "num_attention_heads": 8, "intermediate_size": 4096, '
    .. '"vocab_size": 32000, "max_position_embeddings": 2048}')
  local output = run("plan", "--model config.json --gpus 4 --batch 8 --workers 1")
  lu.assertStrContains(output, "on 4 x h100-sxm")
  process.write("broken.json", "{")
  refuses("plan", "--model broken.json --gpus 4", "broken.json")
end

---- memory.lua ----

local TestMemoryScript = process.test_table()

function TestMemoryScript.test_ranks_time_and_peak()
  local output = run("memory", "--tensor 8 --pipeline 4 --data 2")
  local made = dpl.plan { model = "llama3-70b", hardware = "h100", tensor_parallel = 8,
    pipeline_parallel = 4, data_parallel = 2, global_batch = 32, causal = true, peak = "bf16" }
  for rank = 0, 3 do
    local total = output:match(("\n   %d [^\n]- ([%%d.]+)\n"):format(rank))
    lu.assertEquals(total, ("%.2f"):format(made.memory[rank + 1].total_bytes / GIB))
  end
  lu.assertStrContains(output, ("\nThe peak: rank 0, %.2f of 80.00 GiB"):format(
    made.worst_bytes / GIB))
  lu.assertStrContains(output, "in 0F3, with 4 micro-batches held")
  lu.assertStrContains(output, "It fits: ")
  lu.assertStrContains(output, "\nRank 0 over time, GiB")
end

function TestMemoryScript.test_what_would_make_it_fit()
  local output = run("memory", "--model deepseek-v3 --hardware h800 --strategy dualpipe "
    .. "--pipeline 16 --data 128 --expert 64 --batch 4096 --rank 1 --rows 3 --set precision=fp8")
  lu.assertStrContains(output, "It does not fit.")
  lu.assertStrContains(output, "\nRank 1 over time, GiB")
  lu.assertStrContains(output, "\n  fits ")
end

function TestMemoryScript.test_mistakes()
  refuses("memory", "--set tensor_link", "--set takes name=value")
  refuses("memory", "--set tensor_lnk=auto", "did you mean 'tensor_link'?")
  refuses("memory", "--rank 9", "from 0 to 0")
  refuses("memory", "--recompute some", "'none', 'selective'")
  local output, code = process.dpl(running.script("memory") .. " --tensor 3 2>&1")
  lu.assertEquals(code, 1)
  lu.assertStrContains(output,
    "tensor_parallel = 3 does not divide heads = 64: the nearest that do are 2 and 4")
end

return { TestPlanScript = TestPlanScript, TestMemoryScript = TestMemoryScript }
