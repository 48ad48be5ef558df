-- PyTorch's schedule files, lowering, and the rules of sends and receives.

local dpl = require "dpl"
local lu = require "luaunit"
local process = require "process"
local simulating = require "simulating"

local assert_raises = simulating.assert_raises

local SHARED = os.getenv("DPL_SHARED_DATA") or os.getenv("DPL_ROOT") .. "/.." .. "/shared/data"

local function content(path)
  local file = io.open(path, "rb")
  lu.skipIf(not file, "the shared data are not there: set DPL_SHARED_DATA to their directory")
  local text = file:read "a"
  file:close()
  return text
end

local function pytorch_file(name)
  local path = SHARED .. "/pytorch/" .. name
  return content(path), path
end

local function read(text, options)
  return dpl.read_schedule({ text = text }, options)
end

-- Two stages on two ranks, two micro-batches.
local SMALL <const> = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n"

---- PyTorch's own files ----

local TestFiles = {}

-- Rows without their idle slots.
local function without_idles(text)
  local rows = {}
  for row in text:gmatch("[^\n]*") do
    local cells = {}
    for cell in row:gmatch("[^,]+") do
      cells[#cells + 1] = cell
    end
    rows[#rows + 1] = table.concat(cells, ",")
  end
  return table.concat(rows, "\n")
end

function TestFiles.test_stored_files_load_and_come_out_again()
  for name, stages in pairs {
    ["dualpipev_4rank_10mb.csv"] = 8, ["torchtitan_custom_schedule.csv"] = 4,
    ["zb1p_2rank_2stagep_compute.csv"] = 4, ["zb1p_2rank_2stagep_comms.csv"] = 4,
  } do
    local text, path = pytorch_file(name)
    local s = assert(dpl.read_schedule(path))
    lu.assertTrue(s:validate(), name)
    lu.assertEquals(s.num_stages, stages)
    lu.assertEquals(s.has_communications, name:find "comms" ~= nil)
    lu.assertEquals(s:to_csv(), without_idles(text), name)
  end
end

function TestFiles.test_dualpipev_is_ours()
  local s = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 10 })
  lu.assertEquals(s:to_csv(), (pytorch_file "dualpipev_4rank_10mb.csv"))
end

function TestFiles.test_legacy_letters()
  local name = "legacy_oldletters_zb1p_2rank_2stagep_compute.csv"
  local _, path = pytorch_file(name)
  local s, message, code = dpl.read_schedule(path)
  lu.assertNil(s)
  lu.assertStrContains(message, "read it with legacy = true")
  lu.assertEquals(code, "INVALID")
  s = assert(dpl.read_schedule(path, { legacy = true }))
  lu.assertTrue(s:validate())
  lu.assertEquals(s:to_csv(), without_idles((pytorch_file "zb1p_2rank_2stagep_compute.csv")))
end

function TestFiles.test_lowering_is_pytorchs()
  local _, path = pytorch_file "zb1p_2rank_2stagep_compute.csv"
  local lowered = dpl.read_schedule(path):lower()
  lu.assertEquals(lowered:to_csv(), (pytorch_file "zb1p_2rank_2stagep_comms.csv"))
end

---- Reading ----

local TestReading = {}

function TestReading.test_forms()
  local s = assert(read(SMALL))
  lu.assertEquals({ s.num_ranks, s.num_chunks, s.num_stages, #s }, { 2, 2, 2, 8 })
  lu.assertTrue(s:validate())
  for _, text in ipairs {
    "0F0,0F1,0B0,0B1\r\n1F0,1B0,1F1,1B1\r\n", "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1",
    ",0F0,, 0F1 ,0B0,\t0B1,,\n1F0,1B0,1F1,1B1\n",
  } do
    lu.assertEquals(read(text):to_csv(), SMALL)
  end
end

function TestReading.test_a_rank_without_actions()
  local s = assert(read "0F0,0B0\n\n1F0,1B0\n")
  lu.assertEquals(s.num_ranks, 3)
  lu.assertEquals(s:order(1), {})
  lu.assertEquals(s:to_csv(), "0F0,0B0\n\n1F0,1B0\n")
  lu.assertTrue(s:validate())
end

function TestReading.test_overlapped_pairs()
  local s = assert(read "0F0,(0F1;0B0)OVERLAP_F_B,0B1\n")
  lu.assertEquals(s:order(0)[2], "(0F1;0B0)OVERLAP_F_B")
  lu.assertEquals(read("0F0,(0B0;0F1)OVERLAP_F_B,0B1\n"):to_csv(), s:to_csv())
end

function TestReading.test_legacy_full_backward()
  local s, message = read "0F0,0BW0\n"
  lu.assertNil(s)
  lu.assertStrContains(message, "line 1, cell 2: '0BW0' is of a legacy file")
  s = assert(read("0F0,0BW0\n", { legacy = true }))
  lu.assertEquals(s:order(0), { "0F0", "0B0" })
  lu.assertNil((read("0F0,0I0\n", { legacy = true })))
end

-- Each with the words that must be in the message.
function TestReading.test_what_is_wrong_is_said_where()
  for text, words in pairs {
    ["0F0,0B0,0F1x\n"] = "line 1, cell 3: '0F1x' is no action",
    ["0F0\n0B\n"] = "line 2, cell 1: '0B' is no action",
    ["0F0,0X0"] = "'0X0'",
    ["0F0,F0"] = "'F0'",
    ["0F0,0F1234567890"] = "'0F1234567890'",
    ["0F0,-1F0"] = "'-1F0'",
    ["0F0,0F 1"] = "'0F 1'",
    ["0F0,(0F1;0I0)OVERLAP_F_B"] = "'(0F1;0I0)OVERLAP_F_B'",
    ["0F0,(0F1;0B0"] = "'(0F1;0B0'",
    ["0F0,((0F1;0B0)OVERLAP_F_B;0F1)OVERLAP_F_B"] = "is no action",
    ["0F0,0SEND_F"] = "'0SEND_F'",
    ["0F0,0UNSHARD1"] = "'0UNSHARD1'",
    ["0F0,0B0\n0F1,0B1\n"] = "line 2, cell 1: stage 0 runs on rank 1, but on rank 0 in line 1, "
      .. "cell 1",
    ["0F0,0B0\n2F0,2B0\n"] = "no rank runs stage 1",
    ["2000000F0\n"] = "goes up to stage 2000000",
    ["0F999999999\n"] = "micro-batch 999999999",
    [""] = "the file has no actions",
    [",,,\n\n"] = "the file has no actions",
    ["0F0,\0\1\255\n"] = "'???'",
    [("x"):rep(1000)] = "line 1, cell 1: '" .. ("x"):rep(44) .. "...' is no action",
  } do
    local s, message, code = read(text)
    lu.assertNil(s, text)
    lu.assertStrContains(message, words)
    lu.assertEquals(code, "INVALID")
  end
end

function TestReading.test_files_that_are_not_there()
  local s, message, code = dpl.read_schedule "no/such.csv"
  lu.assertNil(s)
  lu.assertStrContains(message, "cannot read 'no/such.csv': ")
  lu.assertEquals(code, "FILE")
end

function TestReading.test_mistakes()
  assert_raises({ "path of a file or { text = ... }", "nil" }, dpl.read_schedule)
  assert_raises({ "'text' must be a string", "number" }, dpl.read_schedule, { text = 3 })
  assert_raises({ "unknown option 'txt'", "'text'" }, dpl.read_schedule, { txt = "" })
  assert_raises({ "unknown option 'legcy'", "'legacy'" }, read, SMALL, { legcy = true })
  assert_raises({ "'legacy'", "true or false" }, read, SMALL, { legacy = 1 })
end

-- Any text: an error or a schedule, and never more.
function TestReading.test_damaged_files()
  local sources = {
    SMALL, dpl.schedule("dualpipev", { num_ranks = 3, num_chunks = 6 }):to_csv(),
    dpl.schedule("zbv", { num_ranks = 3, num_chunks = 6 }):lower():to_csv(),
  }
  local seed = 12345
  local function random(most)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % most + 1
  end
  local alphabet = "0123456789FBIW,;()_\n\r SENDRCVOLAP\0\255"
  for i = 1, 3000 do
    local text = sources[i % #sources + 1]
    for _ = 1, random(4) do
      local at = random(#text)
      local letter = alphabet:sub(random(#alphabet)):sub(1, 1)
      local cut = random(3) - 1
      text = text:sub(1, at - 1) .. letter .. text:sub(at + cut)
    end
    local s, message = read(text)
    if s then
      s:validate()
      dpl.simulate(s)
      lu.assertEquals(read(s:to_csv()):to_csv(), s:to_csv())
    else
      lu.assertStrMatches(message, "%g.*")
    end
  end
end

---- Writing ----

local TestWriting = process.test_table()

local function each_schedule(action)
  for _, name in ipairs(dpl.strategies()) do
    for _, size in ipairs { { 1, 2 }, { 2, 4 }, { 3, 6 }, { 4, 8 }, { 5, 15 } } do
      local ok, s = pcall(dpl.schedule, name, { num_ranks = size[1], num_chunks = size[2] })
      if ok then
        action(s, ("%s %d x %d"):format(name, size[1], size[2]))
      end
    end
  end
end

function TestWriting.test_export_then_import_is_the_identity()
  each_schedule(function(s, what)
    local text, message, code = s:to_csv()
    if #s.routes > 1 then
      lu.assertNil(text)
      lu.assertStrContains(message, "one route")
      lu.assertEquals(code, "ARGUMENT")
      return
    end
    local again = assert(read(text))
    lu.assertEquals(again:to_csv(), text, what)
    for rank = 0, s.num_ranks - 1 do
      lu.assertEquals(again:order(rank), s:order(rank), what)
    end
    local lowered = s:lower()
    local lowered_again = assert(read(lowered:to_csv()))
    for rank = 0, s.num_ranks - 1 do
      lu.assertEquals(lowered_again:program(rank), lowered:program(rank), what)
    end
  end)
end

-- Files are written into the test's own directory.
local function here(name)
  return process.directory() .. "/" .. name
end

function TestWriting.test_files()
  local s = read(SMALL)
  lu.assertTrue(s:write_csv(here "out.csv"))
  lu.assertEquals(dpl.read_schedule(here "out.csv"):to_csv(), SMALL)
  lu.assertEquals((process.sh("ls out.csv*")), "out.csv\n")
  local done, message, code = s:write_csv "no/such/out.csv"
  lu.assertNil(done)
  lu.assertStrContains(message, "cannot write 'no/such/out.csv': ")
  lu.assertEquals(code, "FILE")
  assert_raises({ "s:write_csv", "path" }, s.write_csv, s)
  assert_raises("':'", s.to_csv)
end

-- What is no plain file is written to as it stands: nothing takes the place of a device or a link.
function TestWriting.test_links_and_devices()
  local s = read(SMALL)
  process.sh "ln -s linked.csv link.csv; echo old >linked.csv"
  lu.assertTrue(s:write_csv(here "link.csv"))
  lu.assertEquals(dpl.read_schedule(here "linked.csv"):to_csv(), SMALL)
  lu.assertEquals(dpl.read_schedule(here "link.csv"):to_csv(), SMALL)
  local full = io.open "/dev/full"
  lu.skipIf(not full, "there is no /dev/full here")
  full:close()
  process.sh "ln -s /dev/full full.csv"
  local done, message, code = s:write_csv(here "full.csv")
  lu.assertNil(done)
  lu.assertStrContains(message, "cannot write '" .. here "full.csv" .. "': ")
  lu.assertEquals(code, "FILE")
  lu.assertEquals((process.sh("ls full.csv*")), "full.csv\n")
end

function TestWriting.test_permissions_stay()
  process.sh "echo old >mode.csv; chmod 640 mode.csv"
  lu.assertTrue(read(SMALL):write_csv(here "mode.csv"))
  lu.assertEquals((process.sh("ls -l mode.csv")):sub(1, 10), "-rw-r-----")
end

function TestWriting.test_a_path_with_a_zero_byte()
  assert_raises({ "s:write_csv", "zero byte" }, read(SMALL).write_csv, read(SMALL), here "a\0b")
  assert_raises({ "dpl.read_schedule", "zero byte" }, dpl.read_schedule, here "a\0b")
  lu.assertEquals((process.sh("ls a 2>/dev/null")), "")
end

-- A pipe says nothing of its length.
function TestWriting.test_a_pipe()
  process.sh "mkfifo pipe.csv; (printf '0F0,0B0\\n' >pipe.csv) >/dev/null 2>&1 &"
  lu.assertEquals(dpl.read_schedule(here "pipe.csv"):to_csv(), "0F0,0B0\n")
end

---- Lowering ----

local TestLowering = {}

function TestLowering.test_by_hand()
  local lowered = read(SMALL):lower()
  lu.assertEquals(lowered:program(0),
    { "0F0", "0SEND_F0", "0F1", "0SEND_F1", "0RECV_B0", "0B0", "0RECV_B1", "0B1" })
  lu.assertEquals(lowered:program(1),
    { "1RECV_F0", "1F0", "1RECV_F1", "1B0", "1SEND_B0", "1F1", "1B1", "1SEND_B1" })
  lowered = read(SMALL):lower { receives = "just_in_time" }
  lu.assertEquals(lowered:program(1),
    { "1RECV_F0", "1F0", "1B0", "1SEND_B0", "1RECV_F1", "1F1", "1B1", "1SEND_B1" })
  lowered = read(SMALL):lower { receives = 2 }
  lu.assertEquals(lowered:program(1),
    { "1RECV_F0", "1RECV_F1", "1F0", "1B0", "1SEND_B0", "1F1", "1B1", "1SEND_B1" })
  lu.assertEquals(lowered:order(1), { "1F0", "1B0", "1F1", "1B1" })
end

function TestLowering.test_neighbouring_halves_become_one()
  local lowered = read("0F0,0F1,0I0,0W0,0I1,0W1\n1F0,1I0,1F1,1I1,1W0,1W1\n"):lower()
  lu.assertEquals(lowered:order(0), { "0F0", "0F1", "0B0", "0B1" })
  lu.assertEquals(lowered:order(1), { "1F0", "1I0", "1F1", "1I1", "1W0", "1W1" })
end

-- PyTorch's placement never hangs; every placement keeps the order of messages between two ranks.
function TestLowering.test_placements()
  each_schedule(function(s, what)
    lu.assertTrue(s:lower():validate(), what)
    for _, receives in ipairs { "just_in_time", 1, 3, 100 } do
      local lowered = s:lower { receives = receives }
      local _, message, code = lowered:validate()
      lu.assertTrue(code == nil or code == "DEADLOCK", what .. ": " .. tostring(message))
    end
  end)
end

-- Work that goes by ranks times ranks, or ranks times rounds, would take hours here.
function TestLowering.test_many_ranks()
  local many = dpl.schedule("1f1b", { num_ranks = 100000, num_chunks = 1 })
  for _, receives in ipairs { "pytorch", "just_in_time" } do
    local lowered = many:lower { receives = receives }
    lu.assertEquals(lowered:program(99998),
      { "99998RECV_F0", "99998F0", "99998SEND_F0", "99998RECV_B0", "99998B0", "99998SEND_B0" })
  end
  local gap = ("\n"):rep(1000000)
  local wide = read("0F0,0SEND_F0,0RECV_B0,0B0\n" .. gap .. "1RECV_F0,1F0,1B0,1SEND_B0\n")
  lu.assertEquals(wide.num_ranks, 1000002)
  lu.assertTrue(wide:validate())
end

function TestLowering.test_receives_too_early_hang()
  local lowered = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 }):lower { receives = 4 }
  local ok, message, code = lowered:validate()
  lu.assertNil(ok)
  lu.assertEquals(message, "the ranks wait for each other where sends and receives block: rank 0 "
    .. "item 0 (0RECV_B0) waits for rank 1, whose item 0 (1RECV_F0) waits for rank 0")
  lu.assertEquals(code, "DEADLOCK")
end

function TestLowering.test_mistakes()
  local s = read(SMALL)
  assert_raises({ "'receives'", "\"pytorch\", \"just_in_time\" or a number", "'soon'" }, s.lower, s,
    { receives = "soon" })
  assert_raises({ "'receives'", "-1" }, s.lower, s, { receives = -1 })
  assert_raises({ "unknown option 'receive'", "'receives'" }, s.lower, s, { receive = 1 })
  local waiting = read "0F1,0B1,0F0,0B0\n1F0,1B0,1F1,1B1\n"
  local lowered, _, code = waiting:lower()
  lu.assertNil(lowered)
  lu.assertEquals(code, "DEADLOCK")
end

---- What it costs ----

local TestModels = {}

-- Rank 0 receives its first gradient before it sends its second activation, which is made by 2: 0F0
-- 0-1, sent 1-1.5; 1F0 1.5-2.5, 1B0 2.5-3.5, sent 3.5-4; only then 0F1 4-4.5; 1F1 4.5-5.5, 1B1
-- 5.5-6.5, sent 6.5-7; 0B1 7-8.
function TestModels.test_stream_by_hand()
  local costs = { F = 1, B = 1, p2p = 0.5 }
  local lowered = read("0F0,0SEND_F0,0RECV_B0,0F1,0SEND_F1,0B0,0RECV_B1,0B1\n"
    .. "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1\n")
  lu.assertEquals(dpl.simulate(lowered, costs, { comm = "stream" }).makespan, 8)
  lu.assertEquals(dpl.simulate(read(SMALL), costs).makespan, 7)
  -- PyTorch's placement waits for nothing that the actions do not wait for.
  lowered = read(SMALL):lower()
  lu.assertEquals(dpl.simulate(lowered, costs, { comm = "stream" }).makespan, 7)
end

function TestModels.test_pytorchs_placement_never_hangs()
  each_schedule(function(s, what)
    local lowered = s:lower()
    local costs = { F = 17 / 16, I = 21 / 16, W = 11 / 16, p2p = 3 / 16 }
    local base = dpl.simulate(lowered, costs).makespan
    for _, model in ipairs { "blocking", "stream" } do
      local t = dpl.simulate(lowered, costs, { comm = model })
      lu.assertTrue(t.makespan >= base, what .. " " .. model)
    end
  end)
end

function TestModels.test_streams_hang_too()
  local lowered = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 }):lower { receives = 4 }
  local t, message, code = dpl.simulate(lowered, nil, { comm = "stream" })
  lu.assertNil(t)
  lu.assertStrContains(message,
    "rank 1 is receiving 0F0 from rank 0, which is receiving 1B0 from rank 1")
  lu.assertEquals(code, "DEADLOCK")
end

-- DeepSeek's own batches: every message has both sides, none hangs, free transfers cost nothing.
function TestModels.test_dualpipes_batches()
  for _, name in ipairs { "dualpipe", "dualpipev" } do
    for _, size in ipairs { { 2, 4 }, { 2, 6 }, { 4, 8 }, { 6, 14 }, { 8, 20 } } do
      local shape = { num_ranks = size[1], num_chunks = size[2], comm = "batched" }
      local s = dpl.schedule(name, shape)
      lu.assertTrue(s.has_communications)
      lu.assertTrue(s:validate())
      local free = { F = 1, I = 1, W = 1, FB = 3 }
      lu.assertEquals(dpl.simulate(s, free, { comm = "batched" }).makespan,
        dpl.simulate(s, free).makespan, name)
    end
  end
  local s = dpl.schedule("dualpipe", { num_ranks = 8, num_chunks = 20, comm = "batched" })
  local t = dpl.simulate(s, { F = 1, B = 2, W = 1, FB = 3, p2p = 0.125 }, { comm = "batched" })
  lu.assertEquals(t.makespan, 70)
end

---- The rules of sends and receives ----

local TestRules = {}

local PROGRAM <const> = {
  { "0F0", "0SEND_F0", "0F1", "0SEND_F1", "0RECV_B0", "0B0", "0RECV_B1", "0B1" },
  { "1RECV_F0", "1F0", "1RECV_F1", "1B0", "1SEND_B0", "1F1", "1B1", "1SEND_B1" },
}

local function changed(rank, change)
  local rows = {}
  for i, row in ipairs(PROGRAM) do
    local copy = table.move(row, 1, #row, 1, {})
    if i == rank + 1 then
      change(copy)
    end
    rows[i] = table.concat(copy, ",")
  end
  return read(table.concat(rows, "\n"))
end

local function swap(i, j)
  return function(row)
    row[i], row[j] = row[j], row[i]
  end
end

local function assert_invalid(words, s, code)
  local ok, message, found = s:validate()
  lu.assertNil(ok)
  lu.assertStrContains(message, words)
  lu.assertEquals(found, code or "INVALID")
end

function TestRules.test_good()
  lu.assertTrue(changed(0, function() end):validate())
end

function TestRules.test_each()
  assert_invalid("rank 0 item 0 of its program (0SEND_F0): the action that makes what it sends "
    .. "comes after it", changed(0, swap(1, 2)))
  assert_invalid("rank 0 item 5 of its program (0RECV_B0): the action that needs what it receives "
    .. "comes before it", changed(0, swap(5, 6)))
  assert_invalid("rank 0 never runs 0SEND_F1", changed(0, function(row) table.remove(row, 4) end))
  assert_invalid("rank 1 never runs 1RECV_F1", changed(1, function(row) table.remove(row, 3) end))
  assert_invalid("rank 0 item 4 of its program (0SEND_F1): it runs twice",
    changed(0, function(row) table.insert(row, 4, "0SEND_F1") end))
  assert_invalid("(0SEND_B0): no other rank has the stage to send it to",
    changed(0, function(row) row[#row + 1] = "0SEND_B0" end))
  assert_invalid("(1RECV_B0): no other rank has the stage to receive it from",
    changed(1, function(row) table.insert(row, 1, "1RECV_B0") end))
end

-- Both ranks run both messages, but not in the same order.
function TestRules.test_order_between_two_ranks()
  local s = read("0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
    .. "1RECV_F1,1RECV_F0,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n")
  assert_invalid("rank 1 item 1 of its program (1RECV_F0): it was sent before what 1RECV_F1 "
    .. "receives", s)
end

function TestRules.test_blocking()
  local s = changed(0, function(row)
    table.insert(row, 2, table.remove(row, 5)) -- receives the first gradient before it sends
  end)
  assert_invalid("rank 0 item 1 (0RECV_B0) waits for rank 1, whose item 0 (1RECV_F0) waits for "
    .. "rank 0", s, "DEADLOCK")
  lu.assertEquals(dpl.simulate(s).makespan, dpl.simulate(read(SMALL)).makespan)
end

-- What PyTorch's own validator accepts (torch 2.8): duplicates, numbers out of range, ranks that
-- wait for each other.
function TestRules.test_what_pytorch_accepts()
  assert_invalid("it runs twice", read "0F0,0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n")
  assert_invalid("waits for", read "0F1,0B1,0F0,0B0\n1F0,1B0,1F1,1B1\n", "DEADLOCK")
  assert_invalid("rank 0 never runs 0F1", read "0F0,0B0,0F2,0B2\n1F0,1B0,1F2,1B2\n")
end

function TestRules.test_fsdp_is_kept()
  local text = "0UNSHARD,0F0,0F1,0B0,0B1,0REDUCE_GRAD,0RESHARD\n"
  local s = assert(read(text))
  lu.assertTrue(s:validate())
  lu.assertEquals(s:to_csv(), text)
  lu.assertEquals(dpl.simulate(s, nil, { comm = "blocking" }).makespan, dpl.simulate(s).makespan)
  local _, message = read "1UNSHARD,0F0,0B0\n1F0,1B0\n"
  lu.assertStrContains(message, "line 2, cell 1: stage 1 runs on rank 1, but on rank 0 in line 1")
end

return {
  TestFiles = TestFiles, TestReading = TestReading, TestWriting = TestWriting,
  TestLowering = TestLowering, TestModels = TestModels, TestRules = TestRules,
}
