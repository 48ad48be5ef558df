-- The public headers as what they are: a promise to programs in C and C++, and their manual.

local lu = require "luaunit"
local installing = require "installing"

local ROOT = os.getenv("DPL_ROOT")
local BUILD = os.getenv("DPL_BUILD")
local PRELOAD = os.getenv("DPL_PRELOAD") or ""

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function lines_of(command)
  local lines = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

-- core/dpl.h and its parts.
local function headers()
  local list = lines_of(("ls '%s'/core/dpl/*.h"):format(ROOT))
  table.insert(list, 1, ROOT .. "/core/dpl.h")
  return list
end

local function without_comments(text)
  return (text:gsub("/%*.-%*/", ""):gsub("//[^\n]*", ""))
end

-- The functions that a header declares, as a set.
local function declared_in(path, set)
  for declaration in without_comments(read(path)):gmatch("DPL_API([^;{]+);") do
    local name = declaration:match("([%w_]+)%s*%(")
    lu.assertNotNil(name, declaration)
    set[name] = true
  end
  return set
end

local TestPublicHeaders = {}

function TestPublicHeaders:setUp()
  self.directory = lines_of("mktemp -d")[1]
end

function TestPublicHeaders:tearDown()
  os.execute(("rm -rf '%s'"):format(self.directory))
end

local function has_command(name)
  return os.execute(("command -v %s >/dev/null"):format(name))
end

-- Compiles a text; the compiler must have nothing to say. Skips where there is none.
function TestPublicHeaders:compile(text, compiler, options, libraries)
  lu.skipIf(not has_command(compiler), "no " .. compiler)
  local source = self.directory .. "/user." .. (compiler:find "%+%+" and "cpp" or "c")
  local file = assert(io.open(source, "w"))
  file:write(text)
  file:close()
  local said = lines_of(("%s -I'%s/core' -Wall -Wextra -Wpedantic -Werror %s '%s' %s 2>&1")
    :format(compiler, ROOT, options, source, libraries or ""))
  lu.assertEquals(table.concat(said, "\n"), "")
end

function TestPublicHeaders.test_library_exports_what_they_declare()
  local declared = {}
  for _, path in ipairs(headers()) do
    declared_in(path, declared)
  end
  local exported = {}
  for _, line in ipairs(lines_of(("nm -D --defined-only '%s/libdpl.so'"):format(BUILD))) do
    exported[line:match(" T (dpl_[%w_]+)$") or ""] = true
  end
  exported[""] = nil
  lu.assertEquals(exported, declared)
end

-- A comment stands right above a function, or above several that stand together.
function TestPublicHeaders.test_every_function_is_described()
  for _, path in ipairs(headers()) do
    for block in (read(path) .. "\n"):gmatch("(.-)\n%s*\n") do
      local before = block:match("^(.-)DPL_API") or block:match("^(.-)\nDPL_API")
      if before and not block:find("define DPL_API", 1, true) then
        lu.assertNotNil(before:find("%*/%s*$"), path .. ": " .. block)
      end
    end
  end
end

-- The manual's own functions; those of the parts have tests of their modules.
function TestPublicHeaders.test_every_function_is_used_in_test_header()
  local used = read(ROOT .. "/tests/test_header.c")
  for name in pairs(declared_in(ROOT .. "/core/dpl.h", {})) do
    lu.assertStrContains(used, name .. "(")
  end
end

-- What the header that is for programs with a Lua needs.
local function lua_flags(more)
  local command = ("pkg-config --cflags %s $lua 2>/dev/null"):format(more or "")
  return lines_of(installing.FIND_LUA .. command)[1] or ""
end

-- tcc removes what it is to write: /dev/null, where root runs the tests.
local function standards(directory)
  local list = {}
  for _, compiler in ipairs { "cc", "gcc", "clang", "musl-gcc" } do
    list[#list + 1] = { compiler, "-std=c11 -fsyntax-only" }
  end
  list[#list + 1] = { "tcc", ("-c -o '%s/user.o'"):format(directory) }
  for _, compiler in ipairs { "c++", "g++", "clang++" } do
    list[#list + 1] = { compiler, "-std=c++17 -fsyntax-only" }
    list[#list + 1] = { compiler, "-std=c++11 -fsyntax-only" }
  end
  return list
end

-- The Lua of this system is for its own C library.
local NOT_FOR_LUA <const> = { ["musl-gcc"] = true, tcc = true }

-- By every compiler there is.
function TestPublicHeaders:test_each_stands_alone()
  local flags = lua_flags()
  for _, path in ipairs(headers()) do
    for _, standard in ipairs(standards(self.directory)) do
      local alien = NOT_FOR_LUA[standard[1]] and path:find("/lua%.h$")
      if has_command(standard[1]) and not alien then
        self:compile(('#include "%s"\nint nothing;\n'):format(path:match("core/(.+)$")),
          standard[1], flags .. " " .. standard[2])
      end
    end
  end
end

function TestPublicHeaders:test_compile_as_cpp()
  self:compile([[
#include "dpl.h"
int main()
{
    dpl_hooks hooks{};
    dpl_costs costs = {DPL_COST(1), DPL_COST(2), {}, {}, {}, 0};
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    dpl_workload work = DPL_WORKLOAD_DEFAULTS;
    return hooks.user == nullptr && costs.F.value == 1 && options.weight_memory == 1 &&
        work.model.weight_memory == 1 ? 0 : 1;
}
]], "c++", "-std=c++11 -fsyntax-only")
end

-- What the example of each header prints, as Lua has it.
local EXAMPLES <const> = {
  ["dpl.h"] = function()
    return "66"
  end,
  ["analyze.h"] = function()
    local bubble = require("dpl.analysis").BubbleCalculator(8):bubble("dualpipe", 20)
    return ("%g idle, by %s"):format(bubble.bubble_ratio, bubble.formula)
  end,
  ["model.h"] = function()
    local search = require("dpl.benchmark").ConfigurationSearch { model_params = 13e9,
      num_layers = 40, hidden_dim = 5120, seq_len = 4096, batch_size = 64, gpu_memory_gb = 80 }
    local best = assert(search:search_optimal_config { min_ranks = 2, max_ranks = 16 })[1]
    return ("%s on %d ranks"):format(best.strategy, best.num_ranks)
  end,
  ["plan.h"] = function()
    local dpl = require "dpl"
    local machine = dpl.hardware.define { base = "h100", memory_bytes = 80e9 }
    machine.efficiency = require("dpl.planning").efficiency
    local plan = dpl.plan { model = "llama3-8b", hardware = machine, pipeline_parallel = 4,
      data_parallel = 4, global_batch = 32, causal = true, peak = "bf16" }
    return ("%.3f s, MFU %.3f, %.1f GB"):format(plan.step_time, plan.mfu, plan.worst_bytes / 1e9)
  end,
  ["pytorch.h"] = function()
    return "2 ranks"
  end,
  ["search.h"] = function()
    local best = require("dpl.simulator").ScheduleComparator(8, 32):compare_strategies()[1]
    return ("%s: %g"):format(best.strategy, best.makespan)
  end,
}

-- The lines of code after "Simple use" in the first comment of a header, which are indented.
local function example_of(path)
  local comment = read(path):match("^(/%*.-%*/)")
  local code = comment:match("\n %* Simple use[^\n]*:\n(.*)$")
  local lines = {}
  for line in (code or ""):gmatch("[^\n]+") do
    if not line:find("^ %*    ") and line ~= " *" then
      break
    end
    lines[#lines + 1] = line:sub(3)
  end
  return code and table.concat(lines, "\n")
end

-- The examples with which headers begin, cut out of their comments.
function TestPublicHeaders:test_examples_of_the_manual()
  local count = 0
  for _, path in ipairs(headers()) do
    local code = example_of(path)
    local expected = EXAMPLES[path:match("[^/]+$")]
    if expected then
      lu.assertNotNil(code, path)
      local program = self.directory .. "/user"
      self:compile(("#include <stdio.h>\n#include <stdlib.h>\n#include <dpl.h>\n"
        .. "int main(void)\n{\n%s\n    return 0;\n}\n"):format(code), "cc",
        ("-std=c11 -o '%s'"):format(program),
        ("-L'%s' -ldpl -Wl,-rpath,'%s' -Wl,--allow-shlib-undefined"):format(BUILD, BUILD))
      lu.assertEquals(lines_of(("LD_PRELOAD='%s' '%s'"):format(PRELOAD, program)), { expected() })
      count = count + 1
    end
  end
  lu.assertEquals(count, 6)
end

function TestPublicHeaders:test_embedding_compiles_as_cpp()
  self:compile([[
#include "dpl/lua.h"
int main()
{
    dpl_lua_options options = {1, 1 << 20, 0.5, 0, nullptr, nullptr, nullptr};
    return options.sandbox == 1 && DPL_LUA_OK == 0 ? 0 : 1;
}
]], "c++", "-std=c++11 -fsyntax-only " .. lua_flags())
end

-- The examples of the manual of embedding, in the order in which it has them.
function TestPublicHeaders:test_examples_of_embedding()
  lu.skipIf(PRELOAD ~= "", "the sanitizers' objects need their run time")
  local modules, scripts = read(ROOT .. "/core/dpl/lua.h"):match(
    "that the program has:(\n.-)\n %* Scripts.-of their own and within limits:(\n.-)\n %* Threads")
  local program = self.directory .. "/user"
  self:compile(([[
#include <dpl/lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

static int run_within_limits(const char *text)
{
%s
    return 0;
}

int main(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
%s
    int failed = luaL_dostring(L, "print(require('dpl')._VERSION ~= nil)");
    lua_close(L);
    failed += run_within_limits("print(require('dpl')._VERSION ~= nil)");
    return failed + run_within_limits("error('boom', 0)");
}
]]):format((scripts:gsub("\n %*", "\n")), (modules:gsub("\n %*", "\n"))), "cc",
    ("-std=c11 -o '%s'"):format(program),
    ("'%s/libdpl.a' %s -lm -lpthread"):format(BUILD, lua_flags "--libs"))
  local said = lines_of(("'%s' 2>&1"):format(program))
  lu.assertEquals({ said[1], said[2], said[3] }, { "true", "true", "boom" })
end

return { TestPublicHeaders = TestPublicHeaders }
