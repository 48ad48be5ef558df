-- The studies in scripts/ that go through many simulations; what holds for every script is in
-- test_scripts.lua.

local dpl = require "dpl"
local benchmark = require "dpl.benchmark"
local lu = require "luaunit"
local process = require "process"
local running = require "running"
local simulator = require "dpl.simulator"

local run, words_of_line = running.run, running.words_of_line
local assert_usage_error = running.assert_usage_error

-- The part of the output that begins with a line that has `title`, up to an empty line.
local function section(output, title)
  local start = output:find(title, 1, true)
  lu.assertNotNil(start, title .. "\n" .. output)
  return output:sub(start):match("^(.-)\n\n") or output:sub(start)
end

---- sensitivity_study.lua ----

local TestSensitivity = process.test_table()

local function sensitivity(more)
  return (run("sensitivity_study", more))
end

-- 1F1B's makespan is (M + P - 1) (F + B) with p2p = 0: 33 for 4 ranks, 8 chunks, of which F is a
-- third. A slow last stage of 10 % adds 0.3 to each of its 8 pairs of F and B: 2.4.
function TestSensitivity.test_1f1b_by_its_closed_form()
  local output = sensitivity("--ranks 4 --chunks 8 --strategies 1f1b --p2p 0")
  local function row(title)
    return words_of_line(section(output, title), "  1f1b ")
  end
  lu.assertEquals(row("Now, and"), { "33", "27.27", "0.333", "0.667", "0.333", "0.333", "-", "-" })
  lu.assertEquals(row("with the cost up by"), { "+3.33", "+6.67", "+3.33", "+3.33", "-", "-",
    "+7.27" })
  lu.assertEquals(row("with the cost down by"), { "-3.33", "-6.67", "-3.33", "-3.33", "-", "-",
    "-1.82" })
  lu.assertEquals(row("Bubble, %"), { "27.27", "27.27", "27.27", "27.27", "-", "-", "30.51" })
  lu.assertEquals(row("Place by makespan"), { "1", "1", "/", "1", "1", "/", "1", "1", "/", "1", "1",
    "/", "1", "1", "/", "1", "1", "/", "1", "1", "/", "1" })
end

-- The rows of --csv as tables by column, in a table by "strategy cost change".
local function csv_rows(output)
  local names, rows, count = {}, {}, 0
  for line in output:gmatch("[^\n]+") do
    local cells = {}
    for cell in (line .. ","):gmatch("([^,]*),") do
      cells[#cells + 1] = cell
    end
    if #names == 0 then
      names = cells
    else
      local row = {}
      for i, name in ipairs(names) do
        row[name] = tonumber(cells[i]) or cells[i]
      end
      rows[("%s %s %g"):format(row.strategy, row.cost, row.change_percent)] = row
      count = count + 1
    end
  end
  return rows, count
end

-- Each figure is what the public face gives for the changed costs, whose order stays.
function TestSensitivity.test_csv_is_what_the_library_simulates()
  local rows, count = csv_rows(sensitivity("--ranks 4 --chunks 8 --p2p 0.5 --change 20 --w 0.75 "
    .. "--strategies zb_h1,dualpipe,zb_1p --slow-stage 1 --csv"))
  lu.assertEquals(count, 3 * (1 + 2 * 7) - 2 * 2) -- no FB but in DualPipe
  local base = { num_ranks = 4, num_chunks = 8, F = 1, B = 2, W = 0.75, p2p = 0.5 }
  local run_base = simulator.ScheduleSimulator(base)
  local function makespan(strategy, changes)
    local costs = {}
    for _, from in ipairs { base, changes } do
      for name, value in pairs(from) do
        costs[name] = value
      end
    end
    return simulator.ScheduleSimulator(costs):makespan(run_base:simulate(strategy).schedule)
  end
  for _, strategy in ipairs { "zb_h1", "dualpipe", "zb_1p" } do
    for key, changes in pairs {
      ["none 0"] = {}, ["F 20"] = { F = 1.2 }, ["p2p -20"] = { p2p = 0.4 },
      ["W 20"] = { W = 0.9, B = 1.25 + 0.9 }, ["I -20"] = { B = 1.0 + 0.75 },
      ["slow 20"] = { F = { 1, 1.2, 1, 1 }, B = { 2, 2.4, 2, 2 }, W = { 0.75, 0.9, 0.75, 0.75 } },
      ["slow -20"] = { F = { 1, 0.8, 1, 1 }, B = { 2, 1.6, 2, 2 }, W = { 0.75, 0.6, 0.75, 0.75 } },
    } do
      local row = rows[strategy .. " " .. key]
      local expected = makespan(strategy, changes)
      lu.assertAlmostEquals(row.makespan, expected, 1e-9 * expected, strategy .. " " .. key)
      lu.assertAlmostEquals(row.makespan_percent,
        100 * (expected / rows[strategy .. " none 0"].makespan - 1), 1e-7)
    end
  end
end

-- Costs by part of the model, and a pair's of its own.
function TestSensitivity.test_lists_and_pairs()
  local rows = csv_rows(sensitivity("--ranks 4 --chunks 8 --p2p 0 --f 1,1,1,3 --fb 2.5 --csv "
    .. "--strategies dualpipe"))
  for key, costs in pairs {
    ["FB 10"] = { F = { 1, 1, 1, 3 }, FB = 2.75 },
    ["F -10"] = { F = { 0.9, 0.9, 0.9, 2.7 }, FB = 2.5 },
    ["slow 10"] = { F = { 1, 1, 1, 3.3 }, B = { 2, 2, 2, 2.2 }, FB = { 2.5, 2.5, 2.5, 2.75 } },
  } do
    costs.num_ranks, costs.num_chunks, costs.B = 4, 8, costs.B or 2
    local expected = simulator.ScheduleSimulator(costs):makespan("dualpipe")
    lu.assertAlmostEquals(rows["dualpipe " .. key].makespan, expected, 1e-9 * expected, key)
  end
end

-- What the derivative foretells, beside a change small enough for it to hold.
function TestSensitivity.test_derivatives_hold_for_small_changes()
  local rows, count = csv_rows(sensitivity("--ranks 4 --chunks 9 --change 0.01 --csv"))
  lu.assertTrue(count > 150)
  for key, row in pairs(rows) do
    if row.derivative_percent ~= "" then
      lu.assertAlmostEquals(row.derivative_percent, row.makespan_percent, 1e-7, key)
    end
  end
end

-- And beside one that is large, marks where it does not.
function TestSensitivity.test_marks()
  local output = sensitivity("--ranks 4 --chunks 8 --strategies zb_h1,gpipe --p2p 0 --change 50")
  lu.assertEquals(words_of_line(section(output, "Now, and"), "  zb_h1 ")[3], "0.407*")
  lu.assertEquals(words_of_line(section(output, "Now, and"), "  gpipe ")[3], "0.333")
  local rows = csv_rows(sensitivity("--ranks 4 --chunks 8 --strategies zb_h1 --change 50 --csv"))
  output = section(sensitivity("--ranks 4 --chunks 8 --strategies zb_h1 --change 50"),
    "with the cost up")
  for i, cost in ipairs { "F", "B", "I", "W" } do
    local row = rows["zb_h1 " .. cost .. " 50"]
    local word = words_of_line(output, "  zb_h1 ")[i]
    lu.assertEquals(word:sub(-1) == "*",
      math.abs(row.makespan_percent - row.derivative_percent) > 0.01, cost)
  end
end

-- By the comparator at the changed costs, whose orders do not depend on them here.
function TestSensitivity.test_places()
  local names, compared = {}, "--ranks 4 --chunks 8 --strategies zbv,dualpipe,1f1b,gpipe"
  local output = sensitivity(compared .. " --change 50")
  for _, row in ipairs(simulator.ScheduleComparator({ num_ranks = 4, num_chunks = 8, F = 1.5, B = 2,
    p2p = 0.1, strategies = { "zbv", "dualpipe", "1f1b", "gpipe" } }):compare_strategies()) do
    names[#names + 1] = row.strategy
  end
  local places = section(output, "Place by makespan")
  for place, name in ipairs(names) do
    lu.assertEquals(words_of_line(places, "  " .. name .. " ")[2], tostring(place), name)
  end
  local fastest = section(output, "The fastest now")
  lu.assertTableContains(words_of_line(fastest, "  " .. names[1] .. " "), "F+")
  lu.assertNotStrContains(fastest, "gpipe")
end

function TestSensitivity.test_strategies_that_do_not_allow_the_size()
  lu.assertStrContains(sensitivity("--ranks 3 --chunks 8"), "not compared: dualpipe needs")
end

function TestSensitivity.test_mistakes()
  for more, message in pairs {
    ["--change 0"] = "option '--change' must be a finite number above 0 (got '0')",
    ["--change 101"] = "option '--change' must be at most 100 % (got 101)",
    ["--slow-stage 8"] = "option '--slow-stage' must be a part of the model, 0 to 7 (got 8)",
    ["--slow-stage=-1"] = "option '--slow-stage' must be a whole number from 0 to 2147483647 (got "
      .. "'-1')",
    ["--f 0 --b 0 --p2p 0"] = "every action takes no time: give costs above 0",
    ["--strategies 1f1"] = "unknown strategy '1f1' (did you mean '1f1b'?)",
    ["--f 1,2"] = "F is a list of 2",
  } do
    if message:find("^F is") then
      lu.assertStrContains(sensitivity(more), "sensitivity_study.lua: " .. message)
    else
      assert_usage_error("sensitivity_study", more, message)
    end
  end
end

---- config_search.lua ----

local TestSearch = process.test_table()

local function search(more)
  return (run("config_search", more))
end

-- The rows of a table: lists of their words.
local function rows_of(text)
  local rows = {}
  for line in text:gmatch("[^\n]+") do
    local words = {}
    for word in line:gmatch("%S+") do
      words[#words + 1] = word
    end
    rows[#rows + 1] = #words == 10 and tonumber(words[2]) and words or nil
  end
  return rows
end

local MODEL <const> = {
  model_params = 6.7e9, num_layers = 32, hidden_dim = 4096, seq_len = 4096, batch_size = 128,
}

local function model_with(more)
  local options = {}
  for _, from in ipairs { MODEL, more } do
    for name, value in pairs(from) do
      options[name] = value
    end
  end
  return options
end

-- The first table is ConfigurationSearch's.
function TestSearch.test_by_throughput()
  local output = search("--top 5 --max-ranks 9")
  local rows = rows_of(section(output, "By samples per second"))
  local found, summary = benchmark.ConfigurationSearch(model_with { gpu_memory_gb = 80 })
    :search_optimal_config { min_ranks = 2, max_ranks = 9 }
  lu.assertEquals(#rows, 5)
  for i, row in ipairs(rows) do
    local expected = found[i]
    lu.assertEquals({ row[1], row[3], row[4], row[5], row[6], row[7], row[9] }, { expected.strategy,
      tostring(expected.num_ranks), tostring(expected.num_chunks),
      tostring(expected.micro_batch_size), ("%.3f"):format(expected.step_time_s),
      ("%.0f"):format(expected.tokens_per_second), ("%.1f"):format(expected.memory_gb) })
  end
  lu.assertStrContains(output, ("%d fit of %d; %d do not"):format(summary.fitting, summary.tried,
    summary.not_fitting))
end

-- With the strategies' own stages the loop leaves what ConfigurationSearch finds, and sorted by the
-- step's length alike.
function TestSearch.test_the_loop_agrees()
  local output = search("--strategies 1f1b,dualpipe,zbv,zb_h1 --objective step_time --top 1000")
  local by_search = rows_of(section(output, "By samples per second"))
  local by_loop = rows_of(section(output, "By step_time"))
  lu.assertTrue(#by_search > 50)
  lu.assertEquals(#by_loop, #by_search)
  local counted = {}
  for i = 1, #by_loop do
    lu.assertEquals(by_loop[i][6], by_search[i][6])
    for sign, row in pairs { [1] = by_loop[i], [-1] = by_search[i] } do
      local key = table.concat(row, " ")
      counted[key] = (counted[key] or 0) + sign
    end
  end
  for key, difference in pairs(counted) do
    lu.assertEquals(difference, 0, key)
  end
end

-- The cheapest within a deadline: no later, sorted by tokens for a GPU's second, and with the
-- figures of the estimators for that schedule.
function TestSearch.test_deadline_and_stages()
  local output = search("--strategies interleaved_zb,1f1b --stages 1,4 --deadline 6 --top 1000")
  local rows = rows_of(section(output, "By tokens_per_gpu_second"))
  lu.assertTrue(#rows > 3)
  local last, stages = math.huge, {}
  for _, row in ipairs(rows) do
    lu.assertTrue(tonumber(row[6]) <= 6 and tonumber(row[9]) <= 80)
    lu.assertTrue(tonumber(row[8]) <= last)
    last = tonumber(row[8])
    stages[row[1] .. row[2]] = true
  end
  lu.assertEquals(stages, { interleaved_zb1 = true, interleaved_zb4 = true, ["1f1b1"] = true })
  for _, row in ipairs(rows) do
    local shape = { num_ranks = tonumber(row[3]), num_chunks = tonumber(row[4]),
      stages_per_rank = tonumber(row[2]) }
    local schedule = dpl.schedule(row[1], shape)
    shape.stages_per_rank = nil
    local options = model_with(shape)
    lu.assertEquals(row[6],
      ("%.3f"):format(benchmark.ThroughputEstimator(options):step_time(schedule)))
    lu.assertEquals(row[9], ("%.1f"):format(
      benchmark.MemoryEstimator(options):estimate_total_memory(schedule).total_gb))
  end
end

function TestSearch.test_even_layers()
  local output = search("--even --strategies zbv,looped_bfs --stages 2,3 --top 1000 --max-ranks 12")
  for _, row in ipairs(rows_of(section(output, "By tokens_per_gpu_second"))) do
    lu.assertEquals(32 % (tonumber(row[2]) * tonumber(row[3])), 0)
  end
end

-- Every candidate is in the table or is left out for one reason.
function TestSearch.test_why_others_are_left_out()
  local output = search("--strategies dualpipe,looped_bfs,1f1b --deadline 6 --top 1000 --even")
  local candidates = { dualpipe = 15 * 8, looped_bfs = 2 * 15 * 8, ["1f1b"] = 15 * 8 }
  local table_rows = rows_of(section(output, "By tokens_per_gpu_second"))
  local left_out = section(output, "Left out by the loop")
  for name, count in pairs(candidates) do
    local kept, dropped = 0, 0
    for _, row in ipairs(table_rows) do
      kept = kept + (row[1] == name and 1 or 0)
    end
    local words = words_of_line(left_out, "  " .. name .. " ")
    for i = 1, 4 do
      dropped = dropped + (tonumber(words[i]) or 0)
    end
    lu.assertEquals(kept + dropped, count, name)
  end
  lu.assertStrContains(left_out, "8 ranks, 128 chunks: ")
end

function TestSearch.test_nothing_fits()
  local output = search("--memory 1 --strategies 1f1b,zb_2p")
  lu.assertStrContains(output, "  none of 240 configurations fits 1 GB:\n  the least memory is ")
  lu.assertStrContains(output, "\n  0 are left\n")
  lu.assertStrMatches(output, ".*\n  1f1b +%- +%- +120 +%-  16 ranks, 128 chunks: 25%.79 GB\n.*")
end

function TestSearch.test_no_more_stages_than_layers()
  local output = search("--layers 8 --strategies 1f1b,interleaved_1f1b --top 1000 --memory 1000")
  local rows = rows_of(section(output, "By tokens_per_gpu_second"))
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, tonumber(row[2]) * tonumber(row[3]))
  end
  lu.assertEquals(most, 8)
  -- 8 of 15 numbers of ranks are over 8, with 8 numbers of chunks each.
  lu.assertEquals(words_of_line(section(output, "Left out by"), "  1f1b ")[2], "64")
end

-- Each option changes a column of both tables.
function TestSearch.test_options_reach_both_tables()
  local STEP <const>, MEMORY <const> = 6, 9
  local function first_rows(more)
    local output = search("--strategies 1f1b --min-ranks 4 --max-ranks 4 --max-chunks 64 "
      .. "--memory 1000 --objective step_time " .. more)
    return rows_of(section(output, "By samples"))[1], rows_of(section(output, "By step_time"))[1]
  end
  local by_search, by_loop = first_rows("")
  for option, column in pairs {
    ["--params 7e9"] = STEP, ["--layers 40"] = MEMORY, ["--hidden 8192"] = MEMORY,
    ["--seq 2048"] = STEP, ["--batch 64"] = STEP, ["--max-chunks 32"] = STEP,
    ["--tensor-parallel 2"] = MEMORY, ["--optimizer-shards 8"] = MEMORY,
    ["--peak-tflops 500"] = STEP, ["--efficiency 0.25"] = STEP, ["--p2p 0.01"] = STEP,
    ["--link 1"] = STEP,
  } do
    local searched, looped = first_rows(option)
    lu.assertNotEquals(searched[column], by_search[column], option)
    lu.assertNotEquals(looped[column], by_loop[column], option)
    lu.assertEquals(looped[column], searched[column], option)
  end
end

function TestSearch.test_tensor_parallel_counts_gpus()
  local output = search("--tensor-parallel 2 --strategies 1f1b --min-ranks 4 --max-ranks 4 --top 1")
  local row = rows_of(section(output, "By tokens_per_gpu_second"))[1]
  lu.assertAlmostEquals(tonumber(row[7]) / tonumber(row[8]), 8, 0.01)
end

function TestSearch.test_mistakes()
  for more, message in pairs {
    ["--stages 2.5"] = "option '--stages' must be a whole number from 1 to 2147483647 (got '2.5')",
    ["--stages 2,"] = "option '--stages' must be a whole number from 1 to 2147483647 (got '')",
    ["--min-ranks 9 --max-ranks 8"] = "min_ranks = 9 is more than max_ranks = 8",
    ["--strategies zbw"] = "unknown strategy 'zbw' (did you mean 'zbv'?)",
    ["--efficiency 2"] = "ConfigurationSearch: option 'efficiency' must be a number from 0.001 to "
      .. "1 (got 2)",
    ["--memory 0"] = "option '--memory' must be a finite number above 0 (got '0')",
  } do
    assert_usage_error("config_search", more, message)
  end
  lu.assertStrContains(search("--objective best"),
    "'--objective' must be one of 'tokens_per_gpu_second', 'step_time', 'memory'")
end

---- custom_strategy.lua ----

local TestCustomStrategy = process.test_table()

function TestCustomStrategy.test_each_repeats_a_known_schedule_and_beats_it()
  local output = run("custom_strategy")
  local _, same = output:gsub("its orders are the same as", "")
  lu.assertEquals(same, 4)
  local known, better = {}, {}
  for what, makespan in output:gmatch("\n  (%w[^\n]-)  +(%d[%d.]*) +[%d.]+ +[%d.]+") do
    local list = #known == #better and known or better
    list[#list + 1] = { what, tonumber(makespan) }
  end
  lu.assertEquals({ #known, #better }, { 4, 4 })
  for i, row in ipairs(known) do
    lu.assertTrue(better[i][2] < row[2], better[i][1])
  end
end

function TestCustomStrategy.test_mistakes()
  assert_usage_error("custom_strategy", "--ranks 8 --chunks 3", "zb_h1 needs num_chunks >= "
    .. "num_ranks - 1: num_chunks must be at least 7 on 8 ranks (got 3)")
end

---- gallery.lua ----

local TestGallery = process.test_table()

function TestGallery.test_a_drawing_of_every_strategy_and_a_page()
  lu.assertEquals(run("gallery", "--out 'some where' --memory --palette safe"),
    ("%d drawings and some where/index.html\n"):format(#dpl.strategies()))
  local page = process.sh("cat 'some where/index.html'")
  for _, name in ipairs(dpl.strategies()) do
    lu.assertStrContains(page, ('<img src="%s.svg"'):format(name))
    lu.assertStrContains(process.sh(("cat 'some where/%s.svg'"):format(name)), "</svg>")
  end
  lu.assertEquals(process.sh("ls 'some where' | grep -v svg"), "index.html\n")
end

function TestGallery.test_what_is_not_drawn_is_told()
  local output = run("gallery", "--ranks 3 --chunks 5")
  lu.assertStrContains(output, "14 drawings and gallery/index.html\n")
  lu.assertStrContains(output, "not drawn: dualpipe needs an even num_ranks")
  lu.assertStrContains(process.sh("cat gallery/index.html"), "Not drawn: chimera needs")
end

function TestGallery.test_mistakes()
  process.sh("touch file")
  local output = process.dpl(running.script("gallery") .. " --out file/x 2>&1")
  lu.assertStrContains(output, "gallery.lua: cannot write 'file/x/1f1b.svg'")
end

return {
  TestGallery = TestGallery, TestCustomStrategy = TestCustomStrategy,
  TestSensitivity = TestSensitivity, TestSearch = TestSearch,
}
