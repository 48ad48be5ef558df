-- dpl.hardware.calibrate: efficiencies from rows and from a profile.

local lu = require "luaunit"

local dpl = require "dpl"
local planning = require "planning"

local TestCalibrate = {}

local FITTED <const> = { "matmul", "memory", "attention_forward" }

-- A machine that reaches less than all, and rows as it would measure them.
local function measured()
  local shares = { matmul = 0.6, memory = 0.7, attention_forward = 0.3, attention_backward = 0.4 }
  local machine = planning.machine(nil, shares)
  local rows = {}
  for i, seq_len in ipairs { 64, 512, 4096 } do
    local plan = { pipeline_parallel = 4, seq_len = seq_len, hardware = machine }
    local made = planning.plan(plan)
    rows[i] = { plan = planning.options(plan), stage = 1, forward = made.stages[2].forward,
      backward = made.stages[2].backward, step_time = made.step_time }
  end
  return machine, rows
end

function TestCalibrate.test_rows_give_back_what_they_were_made_with()
  local machine, rows = measured()
  local start = planning.machine(nil, { attention_backward = 0.4 })
  local fitted, miss = dpl.hardware.calibrate(start, { rows = rows, fit = FITTED })
  for _, name in ipairs(FITTED) do
    lu.assertAlmostEquals(fitted.efficiency[name] / machine.efficiency[name], 1, 0.01, name)
  end
  lu.assertTrue(miss < 0.01, miss)
  lu.assertEquals(start.efficiency.matmul, 1)
end

function TestCalibrate.test_same_rows_same_figures()
  local _, rows = measured()
  local start = planning.machine()
  local once = dpl.hardware.calibrate(start, { rows = rows })
  local again = dpl.hardware.calibrate(start, { rows = rows })
  lu.assertEquals(once.efficiency, again.efficiency)
end

-- Kernel times of DeepSeek's profile (deepseek-ai/profile-data@4496024, train.json): one pair of
-- four layers; the preset's efficiencies are what comes of them.
function TestCalibrate.test_profile_of_one_pair()
  local plan = { model = "deepseek-v3", strategy = "dualpipe", pipeline_parallel = 16,
    data_parallel = 128, expert_parallel = 64, global_batch = 15360, precision = "fp8",
    expert_nodes = 4, causal = true, mtp = false, peak = "bf16" }
  local profile = { plan = plan, stage = 4, products = 0.0745, core = 0.0220, bytes = 0.0278,
    expert = 0.1130, pair = 0.1285 }
  local fitted = dpl.hardware.calibrate(dpl.hardware.get("h800"), { profile = profile })
  plan.hardware = fitted
  local made = assert(dpl.plan(plan))
  lu.assertAlmostEquals(made.stages[5].pair, 0.1285, 1e-6)
  local known = dpl.hardware.get("h800").efficiency
  for _, name in ipairs { "matmul_fp8", "attention_forward", "memory", "all_to_all",
    "pair_hidden" } do
    lu.assertAlmostEquals(fitted.efficiency[name], known[name], 0.0006, name)
  end
end

function TestCalibrate.test_mistakes()
  local function raises(given, message)
    local ok, got = pcall(dpl.hardware.calibrate, planning.machine(), given)
    lu.assertFalse(ok)
    lu.assertStrContains(got, message)
  end
  local _, rows = measured()
  raises({}, "dpl.hardware.calibrate: give either rows or a profile")
  raises({ rows = {} }, "option 'rows' must be a list of rows")
  raises({ row = rows }, "unknown option 'row' (did you mean 'rows'?)")
  raises({ rows = rows, fit = { "matmull" } }, "did you mean 'matmul'?")
  rows[1].plan.data_parallel = 3
  raises({ rows = rows }, "a row's plan cannot be: global_batch = 8 must be a multiple of")
  raises({ rows = { { plan = rows[2].plan } } }, "row 1 has nothing that was measured")
  raises({ rows = { { forward = 1 } } }, "row 1 has no plan")
  raises({ profile = {} }, "the profile has no plan")
  raises({ profile = { plan = rows[2].plan, stage = 9, core = 1 } }, "the plan has no stage 9")
  raises({ rows = { { plan = rows[2].plan, stage = 9, forward = 1 } } }, "the plan has no stage 9")
  raises({ rows = { { plan = rows[2].plan, forward = -1 } } }, "forward must be a number over 0")
  raises({ profile = { plan = rows[2].plan, core = 0 } }, "core must be a number over 0")
end

return { TestCalibrate = TestCalibrate }
