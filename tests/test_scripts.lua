-- The scripts in scripts/, as people run them, and the modules that they share.

local arguments = require "dpl.arguments"
local lu = require "luaunit"
local options = require "dpl.options"
local process = require "process"
local running = require "running"
local terminal = require "dpl.terminal"

local dpl = process.dpl
local sh = process.sh
local quoted = process.quoted
local assert_contains = process.assert_contains

local script, run = running.script, running.run
local assert_usage_error, words_of_line = running.assert_usage_error, running.words_of_line

---- Every script ----

local TestAll = process.test_table()

local SCRIPTS = {
  "comm_sensitivity", "compare", "config_search", "custom_strategy", "deepseek_v3", "gallery",
  "memory", "plan", "quickstart", "scaling", "search",
  "sensitivity_study", "zero_bubble_tables",
}

function TestAll.test_help()
  for _, name in ipairs(SCRIPTS) do
    local output, code = run(name, "--help")
    lu.assertEquals(code, 0, output)
    lu.assertStrMatches(output, "Usage: " .. name .. "%.lua %[%-h%].*\n\n.*%-h, %-%-help .*")
    lu.assertEquals(run(name, "-h"), output)
  end
end

function TestAll.test_from_another_directory()
  for _, name in ipairs(SCRIPTS) do
    local output, code = run(name)
    lu.assertEquals(code, 0, output)
    lu.assertEquals(sh("cd / && " .. process.DPL .. " " .. script(name)), output)
  end
end

-- The interpreter and a script, and nothing else of the source tree.
function TestAll.test_copied_alone()
  sh("mkdir alone && cp " .. process.DPL .. " alone/dpl")
  for _, name in ipairs(SCRIPTS) do
    sh("cp " .. script(name) .. " alone")
    local output, code = sh("cd alone && env -i PATH=\"$PATH\" ./dpl " .. name .. ".lua")
    lu.assertEquals(code, 0, output)
    lu.assertEquals(output, (run(name)))
  end
end

function TestAll.test_lines_fit_a_page()
  for _, name in ipairs(SCRIPTS) do
    for _, more in ipairs { "", "--help" } do
      for line in run(name, more):gmatch("[^\n]+") do
        lu.assertTrue(utf8.len(line) <= 100, line)
        lu.assertNil(line:find("%s$"), line)
      end
    end
  end
end

function TestAll.test_unknown_options()
  for _, name in ipairs(SCRIPTS) do
    assert_usage_error(name, "--hepl", "unknown option '--hepl' (did you mean '--help'?)")
    assert_usage_error(name, "surplus", "too many arguments")
  end
end

---- deepseek_v3.lua ----

local TestDeepSeek = process.test_table()

function TestDeepSeek.test_costs_come_from_the_schedule_s_own_counts()
  local output = run("deepseek_v3")
  lu.assertEquals(words_of_line(output, "1F    forward"),
    { "1.13", "19.625", "F", "F", "57.6", "ms" })
  lu.assertEquals(words_of_line(output, "1B    backward"),
    { "1.99", "8.125", "B", "+", "11.500", "I", "I", "84.1", "ms" })
  lu.assertEquals(words_of_line(output, "1W    weight"),
    { "0.48", "11.500", "W", "W", "41.7", "ms" })
  lu.assertEquals(words_of_line(output, "1F1B  pairs"),
    { "13.95", "100.375", "F&B", "F&B", "139.0", "ms" })
  lu.assertStrContains(output, "B = I + W = 125.9 ms")
end

function TestDeepSeek.test_prediction_beside_the_measured_step()
  local output = run("deepseek_v3")
  lu.assertEquals(words_of_line(output, "step       "),
    { "18.64", "19.93", "-1.28", "(-6.4", "%)" })
  lu.assertEquals(words_of_line(output, "bubble     "), { "0.80", "2.06", "-1.26" })
  lu.assertEquals(words_of_line(output, "forward (input)"), { "1.13", "1.13", "0.00" })
  lu.assertEquals(words_of_line(output, "backward (input)"), { "1.99", "1.99", "0.00" })
  lu.assertEquals(words_of_line(output, "weight (input)"), { "0.48", "0.48", "0.00" })
  lu.assertEquals(words_of_line(output, "overlapped (input)"), { "13.95", "13.95", "0.00" })
  lu.assertEquals(words_of_line(output, "equal stages, free transfers"),
    { "18.35", "s", "0.00", "s" })
end

-- 1F1B takes (120 + 15) x (F + B) with no overlap: 135 x 183.4 ms and the optimizer.
function TestDeepSeek.test_other_strategies()
  local output = run("deepseek_v3")
  lu.assertEquals(words_of_line(output, "dualpipe  "),
    { "18.64", "-6.4", "%", "4.4", "%", "17", "2x" })
  lu.assertEquals(words_of_line(output, "1f1b  "),
    { "25.05", "+25.7", "%", "11.1", "%", "16", "1x" })
  for _, name in ipairs(require "dpl".strategies()) do
    -- A row, or the reason why there is none.
    lu.assertStrMatches(output, ".*\n%-? ?" .. name .. " +[%dn].*")
  end
end

function TestDeepSeek.test_drawing()
  local output = run("deepseek_v3")
  lu.assertStrContains(output, "time, ms  0 ")
  lu.assertStrContains(output, "\nrank 15   f60f-f62f")
  lu.assertNotStrContains(output, "\27")
  assert_contains({ "The first 0.5 s of 1f1b's schedule", "\nrank  0   F0----" }, 0,
    run("deepseek_v3", "--draw 1f1b --until 0.5 --width 120"))
  assert_contains({ "\27[30;48;5;215m" }, 0, run("deepseek_v3", "--color always"))
end

function TestDeepSeek.test_p2p_moves_the_prediction()
  local output = run("deepseek_v3", "--p2p 1")
  lu.assertStrContains(output, "p2p = 1 ms.")
  lu.assertEquals(words_of_line(output, "step       ")[1], "18.78")
  lu.assertEquals(words_of_line(output, "dualpipe  ")[1], "18.78")
end

function TestDeepSeek.test_p2p_sweep()
  local output = run("deepseek_v3", "--p2p-sweep")
  lu.assertEquals(words_of_line(output, "         0 "), { "18.64", "0.80", "-6.4", "%" })
  lu.assertEquals(words_of_line(output, "        10 "), { "20.04", "2.20", "+0.6", "%" })
  lu.assertNotStrContains(run("deepseek_v3"), "p2p, ms")
end

function TestDeepSeek.test_wrong_values()
  assert_usage_error("deepseek_v3", "--p2p x",
    "option '--p2p' must be a finite number, at least 0 (got 'x')")
  assert_usage_error("deepseek_v3", "--p2p=-1",
    "option '--p2p' must be a finite number, at least 0 (got '-1')")
  assert_usage_error("deepseek_v3", "--p2p -.5",
    "option '--p2p' must be a finite number, at least 0 (got '-.5')")
  assert_usage_error("deepseek_v3", "--p2p nan",
    "option '--p2p' must be a finite number, at least 0 (got 'nan')")
  assert_usage_error("deepseek_v3", "--until 0",
    "option '--until' must be a finite number above 0 (got '0')")
  assert_usage_error("deepseek_v3", "--width 39",
    "option '--width' must be a whole number from 40 to 2147483647 (got '39')")
  assert_usage_error("deepseek_v3", "--p2p", "option '--p2p' requires an argument")
  assert_contains({ "'--draw' must be one of", "'dualpipe'" }, 2, run("deepseek_v3", "--draw dual"))
  assert_contains({ "'--color' must be one of 'auto', 'always', 'never'" }, 2,
    run("deepseek_v3", "--color blue"))
  assert_contains({ "option 'to' must be a time" }, 2, run("deepseek_v3", "--until 1e308"))
end

---- comm_sensitivity.lua ----

local TestCommSensitivity = process.test_table()

-- By the closed forms for M a multiple of P and p2p = C: ZB-H1 takes 103 + 28 C until W's no longer
-- hide transfers, GPipe 117 + 14 C, DualPipe from its simulation 102 + 37 C.
function TestCommSensitivity.test_fastest()
  local output = run("comm_sensitivity", "--strategies dualpipe,zb_h1,gpipe --max-p2p 0.5")
  lu.assertStrContains(output, "p2p from 0         to 0.111111  dualpipe\n")
  lu.assertStrContains(output, "p2p from 0.111111  to 0.5       zb_h1\n")
  lu.assertEquals(#output:match("'latency'\n(.-)\n\n"):gsub("[^\n]", "") + 1, 2)
end

function TestCommSensitivity.test_table_and_crossings()
  local output = run("comm_sensitivity",
    "--ranks 4 --chunks 8 --strategies zb_h1,1f1b --max-p2p 1 --comm batched --crossings")
  lu.assertStrContains(output,
    "Every change of places, under communication model 'latency'\n  none")
  lu.assertStrMatches(output, ".*Makespans under communication model 'batched'\n  p2p.*")
  lu.assertStrMatches(output, ".*\n  zb_h1 +33 +38.6 .*")
  output = run("comm_sensitivity", "--ranks 4 --chunks 6")
  lu.assertStrContains(output, "not compared: dualpipe needs")
  output = run("comm_sensitivity",
    "--ranks 4 --chunks 8 --comm blocking --strategies 1f1b,gpipe")
  lu.assertStrMatches(output, ".*\n  1f1b +hangs +hangs.*")
end

function TestCommSensitivity.test_mistakes()
  assert_usage_error("comm_sensitivity", "--max-p2p 0",
    "option '--max-p2p' must be a finite number above 0 (got '0')")
  assert_usage_error("comm_sensitivity", "--comm fast", "argument for option '--comm' must be one "
    .. "of 'latency', 'link', 'blocking', 'batched'")
  assert_usage_error("comm_sensitivity", "--strategies 1f1",
    "unknown strategy '1f1' (did you mean '1f1b'?)")
end

---- zero_bubble_tables.lua ----

local TestZeroBubbleTables = process.test_table()

local function lines_of(output, pattern)
  local list = {}
  for line in output:gmatch("[^\n]+") do
    list[#list + 1] = line:match(pattern)
  end
  return list
end

-- Every rate that the paper prints, to its four digits; but for interleaved 1F1B's, which its
-- evaluator makes too low.
function TestZeroBubbleTables.test_rates_agree()
  local output = run("zero_bubble_tables")
  local papers, ours = lines_of(output, "  paper (.*)"), lines_of(output, "  dpl (.*)")
  lu.assertEquals({ #papers, #ours }, { 12, 12 })
  for i, paper in ipairs(papers) do
    local f1b, interleaved, rest = paper:match("^ +([%d.]+) +([%d.]+)( .*)$")
    local our_f1b, our_interleaved, our_rest = ours[i]:match("^ +([%d.]+) +([%d.]+)%*( .*)$")
    lu.assertEquals({ our_f1b, our_rest }, { f1b, rest })
    lu.assertTrue(our_interleaved - interleaved > 0 and our_interleaved - interleaved < 0.004)
  end
  for _, name in ipairs { "1f1b", "zb_h1", "zb_h2", "zb_1p", "zb_2p" } do
    lu.assertEquals(words_of_line(output, "  " .. name .. " "), { "12", "of", "12" })
  end
  lu.assertEquals(words_of_line(output, "  interleaved_1f1b "),
    { "0", "of", "12,", "the", "others", "by", "+0.0008", "to", "+0.0035" })
end

-- The paper's first row, and what interleaved 1F1B takes where no transfer is skipped.
function TestZeroBubbleTables.test_first_setting()
  local output = run("zero_bubble_tables", "--models 1.5B")
  lu.assertEquals(lines_of(output, "  paper +(.*)")[1],
    "0.2431            0.1055   0.1585   0.1083   0.1585   0.0433")
  lu.assertEquals(lines_of(output, "  dpl +(.*)")[1],
    "0.2431           0.1090*   0.1585   0.1083   0.1585   0.0433")
  lu.assertEquals(#lines_of(output, "  dpl (.*)"), 3)
end

function TestZeroBubbleTables.test_choices()
  local output = run("zero_bubble_tables", "--models 28.3B,6.2B --strategies zb_2p --makespan")
  lu.assertEquals(lines_of(output, "^(%S+) +%d+ +%d+  paper"),
    { "6.2B", "6.2B", "6.2B", "28.3B", "28.3B", "28.3B" })
  lu.assertEquals(lines_of(output, "  dpl +(.*)")[1], "0.0029")
  lu.assertEquals(lines_of(output, "  makespan +(.*)")[1], "0.1003")
  lu.assertNotStrContains(output, "1f1b")
  lu.assertNotStrContains(output, "too low")
end

function TestZeroBubbleTables.test_mistakes()
  assert_usage_error("zero_bubble_tables", "--models 7B",
    "option '--models' must name some of 1.5B, 6.2B, 14.6B, 28.3B (got '7B')")
  assert_usage_error("zero_bubble_tables", "--strategies gpipe",
    "option '--strategies' must name some of 1f1b, interleaved_1f1b, zb_h1, zb_h2, zb_1p, zb_2p "
      .. "(got 'gpipe')")
  assert_usage_error("zero_bubble_tables", "--models ,",
    "option '--models' must be names with commas between them (got ',')")
end

---- compare.lua ----

local TestCompare = process.test_table()

-- The ranking under a title: a list of { name, value }.
local function ranking(output, title)
  local list = {}
  local text = output:match(title .. " %(lower is better%):\n(.-)\n   ")
  for name, value in text:gmatch("%d+%. (%S+) *: *(%S+)") do
    list[name] = tonumber(value)
    list[#list + 1] = name
  end
  return list
end

function TestCompare.test_default()
  local makespans = ranking(run("compare"), "Makespan")
  lu.assertEquals(makespans.dualpipe, 26)
  lu.assertEquals(makespans.dualpipev, 27)
  lu.assertEquals(makespans["1f1b"], 33)
  lu.assertEquals(makespans.gpipe, 33)
  lu.assertEquals(makespans.zb_h1, 27)
  lu.assertEquals(run("compare", "--ranks 4 --chunks 8 --f 1 --b 2 --w 1 --fb 3"), (run("compare")))
end

function TestCompare.test_bubble_ratios()
  local ratios = ranking(run("compare", "--chunks 16"), "Bubble Ratio")
  lu.assertEquals(ratios.dualpipe, 0.040)
  lu.assertEquals(ratios["1f1b"], 0.158)
  lu.assertEquals(ratios.gpipe, 0.158)
end

-- Every option reaches the simulation. 1F1B: (chunks + ranks - 1) (F + B), closed form.
function TestCompare.test_options()
  local function makespan(more)
    return ranking(run("compare", "--strategies 1f1b,zb_h1 " .. more), "Makespan")["1f1b"]
  end
  lu.assertEquals(makespan("--ranks 8"), (8 + 7) * 3)
  lu.assertEquals(makespan("--chunks 20"), (20 + 3) * 3)
  lu.assertEquals(makespan("--f 2"), (8 + 3) * 6)
  lu.assertEquals(makespan("--b 4"), (8 + 3) * 5)
  lu.assertEquals(makespan("--i 2 --w 3"), (8 + 3) * 6)
  lu.assertEquals(makespan("--ranks 1 --p2p 7"), 8 * 3)
  lu.assertEquals(makespan("--ranks 2 --chunks 1 --p2p 7"), 6 + 14)
  lu.assertEquals(makespan("--ranks 2 --chunks 1 --f 1,3 --b 2,2"), 8)
end

function TestCompare.test_overlap()
  local makespans = ranking(run("compare", "--fb 2"), "Makespan")
  lu.assertTrue(makespans.dualpipe < 26)
  lu.assertEquals(makespans["1f1b"], 33)
end

function TestCompare.test_hold()
  assert_contains({ "4 ranks, 8 chunks" }, 0, run("compare", "--hold ranks"))
  local output = run("compare", "--hold stages")
  lu.assertStrContains(output, "4 stages, 8 chunks")
  -- DualPipeV puts 4 stages on 2 ranks, which then do twice the work.
  lu.assertEquals(ranking(output, "Makespan").dualpipev, 50)
end

function TestCompare.test_sizes_that_are_not_allowed_are_said()
  local output = run("compare", "--ranks 3 --chunks 5")
  lu.assertStrContains(output, "dualpipe needs an even num_ranks (got 3)")
  lu.assertStrContains(output, "dualpipev needs num_chunks >= 2 * num_ranks")
end

function TestCompare.test_fits_a_page()
  local _, lines = run("compare", "--ranks 16 --chunks 120"):gsub("\n", "")
  lu.assertTrue(lines <= 90)
end

function TestCompare.test_wrong_values()
  local counts = { "0", "-1", "1.5", "nan", "inf", "1e300", "2147483648", "x", "''" }
  for _, option in ipairs { "--ranks", "--chunks" } do
    for _, value in ipairs(counts) do
      assert_usage_error("compare", option .. "=" .. value,
        ("option '%s' must be a whole number from 1 to 2147483647 (got '%s')"):format(option,
          value == "''" and "" or value))
    end
  end
  for _, option in ipairs { "--f", "--b", "--i", "--w", "--fb" } do
    for _, value in ipairs { "-1", "nan", "inf", "x", "1,x", "1,,2", "1," } do
      assert_usage_error("compare", option .. "=" .. value, ("option '%s' must be a finite number, "
        .. "at least 0, or such numbers with commas (got '%s')"):format(option, value))
    end
  end
  assert_usage_error("compare", "--p2p=-1",
    "option '--p2p' must be a finite number, at least 0 (got '-1')")
  assert_usage_error("compare", "--strategies ,",
    "option '--strategies' must be names with commas between them (got ',')")
end

-- What only the library can tell is a usage error too, not a traceback.
function TestCompare.test_values_that_do_not_go_together()
  assert_contains({ "compare.lua: B must be I + W", "Usage: " }, 2,
    run("compare", "--b 3 --i 1 --w 1"))
  assert_contains({ "compare.lua: unknown strategy 'dualpip' (did you mean 'dualpipe'?)" }, 2,
    run("compare", "--strategies dualpip"))
  assert_contains({ "compare.lua: F is a list of 2" }, 2, run("compare", "--f 1,2"))
  assert_contains({ "'--hold' must be one of 'ranks', 'stages'" }, 2,
    run("compare", "--hold chunks"))
  assert_contains({ "compare.lua: ", "memory", "choose fewer" }, 2,
    run("compare", "--ranks 2000000 --chunks 2000000000"))
end

---- quickstart.lua ----

local TestQuickstart = process.test_table()

function TestQuickstart.test_shows_every_class()
  local output = run("quickstart")
  for _, module in ipairs { "dpl.analysis", "dpl.simulator", "dpl.benchmark" } do
    lu.assertStrContains(output, module)
    for name in pairs(require(module)) do
      lu.assertStrContains(output, name)
    end
  end
end

---- The modules that the scripts share ----

local TestArguments = process.test_table()

function TestArguments.test_counts()
  local count = arguments.count("--n", 2)
  lu.assertEquals(math.type(count("3.0")), "integer")
  lu.assertEquals(count("2"), 2)
  local value, message = count("1")
  lu.assertNil(value)
  lu.assertEquals(message, "option '--n' must be a whole number from 2 to 2147483647 (got '1')")
end

function TestArguments.test_costs()
  lu.assertEquals(arguments.cost("--f")("0.5"), 0.5)
  lu.assertEquals(arguments.cost("--f")("1,2.5,0"), { 1, 2.5, 0 })
end

-- As a script of a user's would.
function TestArguments.test_parser()
  process.write("study.lua", [[
    local arguments = require "dpl.arguments"
    local parser = arguments.parser("study.lua", "A study.")
    parser:option("--ranks", "number of ranks", "8"):convert(arguments.count("--ranks"))
    local args = parser:parse()
    print(args.ranks, arguments.try(parser, function(n) return n, nil, n + 1 end, 1))
    arguments.try(parser, error, "file.lua:1: no good")]])
  lu.assertEquals(sh(process.DPL .. " study.lua --ranks 4 2>&1 | head -n 1"), "4\t1\tnil\t2\n")
  assert_contains({ "8\t1\tnil\t2\n", "study.lua: no good\nUsage: study.lua " }, 2,
    dpl("study.lua"))
  assert_contains({ "study.lua: option '--ranks' must be" }, 2, dpl("study.lua --ranks 0"))
end

local TestTerminal = process.test_table()

function TestTerminal.test_output_that_is_no_terminal()
  lu.assertEquals(terminal.is_terminal(), false)
  lu.assertEquals(terminal.has_color(), false)
  lu.assertEquals(terminal.columns(77), 77)
end

function TestTerminal.test_terminal()
  process.skip_without_terminal()
  process.write("t.lua", [[
    local terminal = require "dpl.terminal"
    os.execute("stty cols 123 </dev/tty")
    print(terminal.is_terminal(), terminal.has_color(), terminal.columns(77))]])
  local command = ("%s script -qec %s /dev/null </dev/null | tr -d '\\r'")
  local inner = quoted(process.DPL .. " t.lua")
  lu.assertEquals(sh(command:format("TERM=xterm NO_COLOR=", inner)), "true\ttrue\t123\n")
  lu.assertEquals(sh(command:format("TERM=xterm NO_COLOR=1", inner)), "true\tfalse\t123\n")
  lu.assertEquals(sh(command:format("TERM=dumb NO_COLOR=", inner)), "true\tfalse\t123\n")
end

local TestOptions = {}

local DECLARED = {
  { name = "size", rule = "a number", default = 3, accepts = function(value)
    return type(value) == "number"
  end },
  { name = "title", rule = "a string", accepts = function(value)
    return type(value) == "string"
  end },
}

function TestOptions.test_defaults_and_values()
  lu.assertEquals(options.read("thing", DECLARED, nil), { size = 3 })
  lu.assertEquals(options.read("thing", DECLARED, { size = 4, title = "x" }),
    { size = 4, title = "x" })
end

function TestOptions.test_nearest()
  local nearest = require "dpl.nearest"
  lu.assertEquals(nearest("siez", { "size", "title" }), "size")
  lu.assertNil(nearest("frob", { "size", "title" }))
  lu.assertNil(nearest("x", { "F", "B" }))
  lu.assertNil(nearest(("x"):rep(100000), { "size" }))
  -- What is no string is no name: that of a number would be one that nothing keeps.
  lu.assertEquals(nearest("1234", { 1235, true, "1243", {} }), "1243")
end

function TestOptions.test_mistakes()
  for message, given in pairs {
    ["thing: unknown option 'sice' (did you mean 'size'?)"] = { sice = 1 },
    ["thing: unknown option 'y'; its options are size, title"] = { y = 1 },
    ["thing: option 'size' must be a number (got the string 'x')"] = { size = "x" },
    ["thing: option 'size' must be a number (got a table)"] = { size = {} },
    ["thing: option 'title' must be a string (got true)"] = { title = true },
    ["thing: options are named, as in { size = ... } (got a table without a name)"] = { {} },
    ["thing: options are given in a table (got 7)"] = 7,
  } do
    lu.assertErrorMsgContains(message, options.read, "thing", DECLARED, given)
  end
  lu.assertErrorMsgContains("(got the string '" .. ("x"):rep(40) .. "...')", options.read, "thing",
    DECLARED, { size = ("x"):rep(41) })
end

return {
  TestAll = TestAll,
  TestDeepSeek = TestDeepSeek,
  TestCommSensitivity = TestCommSensitivity,
  TestZeroBubbleTables = TestZeroBubbleTables,
  TestCompare = TestCompare,
  TestQuickstart = TestQuickstart,
  TestArguments = TestArguments,
  TestTerminal = TestTerminal,
  TestOptions = TestOptions,
}
