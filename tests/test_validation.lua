-- How far dpl is off published measurements: that it reaches what it has set itself, that no row is
-- dropped, and scripts/validate.lua.

local lu = require "luaunit"
local measured = require "dpl.measured"
local process = require "process"
local running = require "running"
local validation = require "dpl.validation"

local dpl, quoted = process.dpl, process.quoted
local run, script = running.run, running.script

local SOURCES <const> = measured.sources()

local tables = {}
for _, source in ipairs(SOURCES) do
  tables[source.name] = {}
  for _, made in ipairs(validation.tables(source)) do
    tables[source.name][made.kind] = made
  end
end

---- Targets ----

local TestTargets = process.test_table()

-- The figures that the project has set itself, beside those in the module, which might be loosened.
local function assert_within(source, kind, count, mean, worst)
  local made = tables[source][kind]
  local name = source .. " " .. kind
  lu.assertEquals(made.count, count, name)
  lu.assertTrue(made.mean <= mean, ("%s: mean %g"):format(name, made.mean))
  lu.assertTrue(made.worst <= worst, ("%s: worst %g"):format(name, made.worst))
  lu.assertFalse(made.missed, name)
end

function TestTargets.test_simulation_of_measured_stages()
  assert_within("stage_times", "simulation", 10, 0.01, 0.02)
end

function TestTargets.test_zero_bubble()
  assert_within("zero_bubble", "simulation", 16, 0.03, 0.07)
  assert_within("zero_bubble_few", "simulation", 10, 0.03, 0.05)
  assert_within("zero_bubble_synchronised", "simulation", 2, 0.03, 0.03)
  lu.assertAlmostEquals(validation.stall(), 0.099, 5e-4)
end

function TestTargets.test_memory()
  assert_within("stage_times", "memory", 10, 0.05, 0.12)
  assert_within("simumax", "memory", 24, 0.05, 0.12)
end

function TestTargets.test_model_and_hardware_alone()
  assert_within("sc21", "model", 10, 0.10, 0.12)
  assert_within("korthikanti", "model", 9, 0.10, 0.10)
  assert_within("korthikanti_layers", "model", 10, 0.10, 0.10)
  assert_within("llama3", "model", 3, 0.10, 0.06)
  assert_within("deepseek_v3", "model", 3, 0.10, 0.10)
end

-- Where a step time is given, within 0.5 %; to the printed digits where a rate is.
function TestTargets.test_arithmetic()
  for _, name in ipairs { "sc21", "sc21_days", "korthikanti", "llama3", "deepseek_v3" } do
    local made = tables[name].arithmetic
    lu.assertFalse(made.missed, name)
    for _, row in ipairs(made.rows) do
      lu.assertTrue(row.within, row.name)
    end
  end
  assert_within("korthikanti", "arithmetic", 14, 0.005, 0.005)
  assert_within("stage_times", "arithmetic", 20, 0.005, 0.005)
  assert_within("deepseek_v3", "arithmetic", 11, 0.005, 0.005)
end

-- Korthikanti's closed forms, of activations: what dpl integrates over the schedule is no less.
function TestTargets.test_formula()
  local made = tables.calculon.formula
  lu.assertEquals(made.count, 16)
  lu.assertTrue(made.worst < 0.025)
end

---- Rows ----

local TestRows = process.test_table()

function TestRows.test_every_row_is_shown()
  local not_predicted = { vocabulary_parallel = true, deepseek_v3_pair = true }
  for _, source in ipairs(SOURCES) do
    local most = 0
    for _, made in pairs(tables[source.name]) do
      most = math.max(most, #made.rows)
    end
    lu.assertTrue(most >= #source.rows or not_predicted[source.name] ~= nil, source.name)
  end
end

function TestRows.test_what_is_fitted_on_is_not_scored()
  local function counts(source, kind)
    local made, fitted = tables[source][kind], 0
    for _, row in ipairs(made.rows) do
      fitted = fitted + (row.calibration and 1 or 0)
    end
    lu.assertEquals(made.count, #made.rows - fitted, source)
    return fitted
  end
  lu.assertEquals(counts("zero_bubble", "simulation"), 6)
  lu.assertEquals(counts("stage_times", "model"), 5)
  lu.assertEquals(counts("simumax", "model"), 3)
  lu.assertEquals(counts("megatron_h100", "model"), 3)
  lu.assertEquals(counts("stage_times", "simulation"), 0)
  lu.assertEquals(counts("simumax", "memory"), 0)
end

function TestRows.test_what_the_model_does_not_cover_is_said_and_scored()
  local outside = 0
  for _, row in ipairs(tables.vtrain.model.rows) do
    outside = outside + (row.outside and 1 or 0)
  end
  lu.assertEquals(outside, 3)
  lu.assertEquals(tables.vtrain.model.count, 56)
end

function TestRows.test_every_source_is_cited()
  for _, source in ipairs(SOURCES) do
    lu.assertNotNil(source.source:find("%d"), source.name)
    lu.assertTrue(#source.title > 0 and #source.rows > 0, source.name)
    for _, left in ipairs(source.left_out) do
      lu.assertTrue(#left.what > 0 and #left.why > 0)
    end
  end
end

function TestRows.test_sources_share_nothing()
  local first, second = measured.sources(), measured.sources()
  first[1].rows[1].global_batch = 1
  lu.assertEquals(second[1].rows[1].global_batch, 512)
end

---- scripts/validate.lua ----

local TestScript = process.test_table()

function TestScript.test_a_source()
  local output, code = run("validate", "--source korthikanti")
  lu.assertEquals(code, 0)
  lu.assertStrContains(output, "source: Korthikanti et al. (arXiv 2205.05198), tables 3 and 5")
  lu.assertStrContains(output, "1T, selective and sequence parallel: MFU")
  lu.assertStrContains(output, "mean 0.11 %, worst 0.36 % of 14; "
    .. "target: 0.5 %, or the printed digits: met")
  lu.assertStrContains(output, "every target is met")
  lu.assertNotStrContains(output, "SC21")
end

function TestScript.test_what_is_left_out_is_said()
  lu.assertStrContains((run("validate", "--source stage_times")),
    "left out: synctwice and interlaced (10 rows): ")
  lu.assertStrContains((run("validate", "--summary")), "left out: PaLM 540B: recalled, not read")
end

function TestScript.test_csv()
  local output, code = run("validate", "--csv --source deepseek_v3")
  lu.assertEquals(code, 0)
  local lines = {}
  for line in output:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  lu.assertEquals(lines[1], "source,kind,row,unit,measured,predicted,error,remark")
  lu.assertEquals(#lines, 1 + 11 + 3)
  lu.assertStrMatches(lines[2], 'deepseek_v3,arithmetic,"[^"]+",[^,]+,[%d.]+,[%d.]+,[-%d.]+,""')
end

function TestScript.test_mistakes()
  running.assert_usage_error("validate", "--source simumx",
    "unknown source 'simumx' (did you mean 'simumax'?)")
  local names = {}
  for i, source in ipairs(SOURCES) do
    names[i] = source.name
  end
  running.assert_usage_error("validate", "--source 12345678901234567890",
    "unknown source '12345678901234567890'; there are " .. table.concat(names, ", "))
end

-- A row that is off by a factor: the table says MISSED, and so does the exit status.
function TestScript.test_a_miss_is_said()
  local chunk = [[
    local measured = require "dpl.measured"
    local sources = measured.sources
    function measured.sources()
      local list = sources()
      for _, source in ipairs(list) do
        for _, row in ipairs(source.name == "simumax" and source.rows or {}) do
          row.memory_gib = row.memory_gib * 1.1
        end
      end
      return list
    end]]
  local output, code = dpl("-e " .. quoted(chunk) .. " " .. script("validate")
    .. " --source simumax")
  lu.assertEquals(code, 1)
  lu.assertStrContains(output, "; target: mean 5 %, worst 12 %: MISSED")
  lu.assertStrContains(output, "\n1 target MISSED\n")
end

return {
  TestTargets = TestTargets, TestRows = TestRows, TestScript = TestScript,
}
