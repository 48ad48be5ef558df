-- plan.lua, memory.lua and scaling.lua of models; what holds for every script is in
-- test_scripts.lua.

local lu = require "luaunit"
local process = require "process"
local running = require "running"

local run, words_of_line = running.run, running.words_of_line
local assert_usage_error = running.assert_usage_error

local TestPlanScript = process.test_table()

-- What a newcomer types first: the best layout fits, and is the first of the table, which falls.
function TestPlanScript.test_a_first_plan()
  local output, code = run("plan", "--model llama3-70b --hardware h100 --gpus 64")
  lu.assertEquals(code, 0, output)
  lu.assertStrContains(output, "plan      llama3-70b on 64 x h100-sxm: ")
  lu.assertStrContains(output, "(causal attention; peak 989.4 TFLOP/s, bf16)")
  lu.assertStrContains(output, " of 80.00, fits, rank ")
  lu.assertStrContains(output, "\nrank 0   F")
  lu.assertStrContains(output, "\nThe next has ")
  local step, rows = 0, output:match("\nThe best, and alternatives\n[^\n]*\n(.-)\n\n")
  for line in rows:gmatch("[^\n]+") do
    local seconds = tonumber((line:match("([%d.]+)%s+[%d.]+%s+[%d.]+$")))
    lu.assertTrue(seconds >= step)
    step = seconds
  end
end

function TestPlanScript.test_cost()
  local output = run("plan", "--model llama3-8b --gpus 8 --alternatives 0 --price 2 --tokens 1e12")
  local days, hours, money = output:match("1e%+12 tokens in ([%d.e+]+) days, ([%d.e+]+) GPU hours, "
    .. "([%d.e+]+) in money")
  lu.assertAlmostEquals(hours / days, 8 * 24, 0.2)
  lu.assertAlmostEquals(money / hours, 2, 0.002)
end

function TestPlanScript.test_nothing_fits()
  local output = run("plan", "--model llama3-70b --gpus 2 2>&1")
  lu.assertStrContains(output, "plan.lua: none of ")
  lu.assertStrMatches(output, ".*; on %d+ GPUs, batch %d+, one fits\n.*")
end

function TestPlanScript.test_mistakes()
  assert_usage_error("plan", "--hardware h101",
    "dpl.hardware.get: unknown hardware 'h101' (did you mean 'h100'?)")
  assert_usage_error("plan", "--model lama3-70b",
    "dpl.model.get: unknown model 'lama3-70b' (did you mean 'llama3-70b'?)")
  assert_usage_error("plan", "--gpus 0",
    "option '--gpus' must be a whole number from 1 to 2147483647 (got '0')")
  assert_usage_error("plan", "--set x",
    "option '--set' must be name=value, an option of dpl.plan (got 'x')")
end

local TestMemoryScript = process.test_table()

function TestMemoryScript.test_what_does_not_fit()
  local output = run("memory", "--model llama3-70b --tensor 4 --pipeline 4 --data 4")
  lu.assertStrContains(output, "llama3-70b on 64 x h100-sxm, 1f1b, batch 256: DOES NOT FIT, ")
  lu.assertStrMatches(output, ".*\nThe peak: [%d.]+ GiB on rank 0, [%d.]+ s into the step, "
    .. "while 0F3 runs, 4 micro%-batches held\n.*")
  lu.assertStrMatches(output, ".*\n  recompute = \"full\" +[%d.]+ GiB  step +[%d.]+ s  fits\n.*")
  local row = words_of_line(output, "      0")
  local sum = 0
  for i = 1, 7 do
    sum = sum + row[i]
  end
  lu.assertAlmostEquals(sum, tonumber(row[8]), 0.05)
end

function TestMemoryScript.test_what_fits()
  local output = run("memory", "--model llama3-70b --tensor 8 --pipeline 4 --data 2 --rank 1")
  lu.assertStrMatches(output, "[^\n]*: fits, [%d.]+ GiB to spare\n.*")
  lu.assertStrContains(output, "\nGiB on rank 1 over the step (a GPU has 80.00)\n")
  lu.assertNil(output:find("One change", 1, true))
end

function TestMemoryScript.test_mistakes()
  assert_usage_error("memory", "--tensor 3",
    "tensor_parallel = 3 does not divide heads = 32: the nearest that do are 2 and 4")
  assert_usage_error("memory", "--rank 9",
    "MemoryEstimator:memory_over_time: the rank must be a whole number from 0 to 0 (got 9)")
  assert_usage_error("memory", "--set zeros=1",
    "MemoryEstimator: unknown option 'zeros' (did you mean 'zero'?)")
end

local TestModelScalingScript = process.test_table()

function TestModelScalingScript.test_both_modes()
  local output = run("scaling", "--model llama3-70b --tensor 8 --pipeline 4 --plot efficiency.csv")
  lu.assertStrContains(output, "weak scaling, batch 128 a copy")
  lu.assertStrContains(output, "no knee: efficiency stays at 0.90 or more up to 100000 GPUs")
  lu.assertStrContains(output, "strong scaling, batch 2048")
  lu.assertStrMatches(output, ".*\nthe knee: efficiency is [%d.]+ %%, under 90 %%, on %d+ GPUs;.*"
    .. "the bubble: micro%-batches run out.*")
  lu.assertStrContains(process.sh("cat efficiency.csv"), "weak scaling,32,100\n")
end

function TestModelScalingScript.test_one_mode_and_sizes()
  local output = run("scaling", "--model llama3-8b --mode weak --gpus 8,16 --batch 32")
  lu.assertStrContains(output, "weak scaling, batch 32 a copy")
  lu.assertEquals(words_of_line(output, "       16")[2], "512")
  lu.assertNil(output:find("strong", 1, true))
end

function TestModelScalingScript.test_mistakes()
  assert_usage_error("scaling", "--model llama3-8b --data 4",
    "option '--data' is what grows: give --gpus instead")
  assert_usage_error("scaling", "--model llama3-8b --gpus 16,8",
    "option '--gpus' must be rising numbers (got '16,8')")
end

return { TestPlanScript = TestPlanScript, TestMemoryScript = TestMemoryScript,
  TestModelScalingScript = TestModelScalingScript }
