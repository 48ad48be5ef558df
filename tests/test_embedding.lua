-- dpl inside other programs: C, a stock Lua, Python. They use what "make install" installs, after
-- it was moved, and find it as a user's program would: by pkg-config and nothing else.

local lu = require "luaunit"
local installing = require "installing"
local process = require "process"

local quoted, run = process.quoted, installing.run

local ROOT <const> = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run them with 'make test'")
local LUA <const> = quoted(os.getenv("DPL_LUA"))
local PRELOAD <const> = quoted(os.getenv("DPL_PRELOAD") or "")

local function skip_if_sanitized()
  lu.skipIf(installing.IS_SANITIZED, "the program would have to be sanitized as well")
end

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function version()
  return require "dpl"._VERSION
end

---- C ----

local TestFromC = process.test_table()

-- Compiles a program against what is installed; eval reads the backslashes that pkg-config puts
-- before spaces. Returns the prefix.
local function compile(source, pkg_config_options, options)
  process.skip_without("cc")
  process.skip_without("pkg-config")
  local prefix = installing.install_and_move()
  lu.assertEquals(run([[
    PKG_CONFIG_PATH=%s; export PKG_CONFIG_PATH
    flags=$(pkg-config %s --cflags --libs dpl) &&
    eval "cc -std=c11 -Wall -Wextra -Wpedantic -Werror %s -o program $flags -pthread %s"]],
    quoted(prefix .. "/lib/pkgconfig"), pkg_config_options, source, options or ""), "")
  return prefix
end

local function run_with_library(prefix, command)
  return run("LD_LIBRARY_PATH=%s LD_PRELOAD=%s %s", quoted(prefix .. "/lib"), PRELOAD, command)
end

local EXAMPLE <const> = [[
 16 micro-batches: zbv, 53.15
 32 micro-batches: zbv, 101.15
 64 micro-batches: zbv, 197.15
128 micro-batches: CANCELLED: cancelled
memory at most: counted, now: 0 bytes
]]

function TestFromC.test_with_the_shared_library()
  local prefix = compile(ROOT .. "/tests/embed_c.c", "", "-Wl,--allow-shlib-undefined")
  lu.assertEquals(run_with_library(prefix, "./program"), EXAMPLE)
  lu.assertStrContains(run("readelf -d program"), "[libdpl.so." .. version():match("^%d+%.%d+"))
end

function TestFromC.test_with_the_static_library()
  skip_if_sanitized()
  compile(ROOT .. "/tests/embed_c.c", "--static", "-static")
  lu.assertEquals(run("./program"), EXAMPLE)
end

local HOST <const> = [[
#include <lauxlib.h>
#include <lualib.h>
int luaopen_dpl(lua_State *L);
int main(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "dpl", luaopen_dpl, 0);
    lua_pop(L, 1);
    int failed = luaL_dostring(L, "local dpl = require 'dpl' "
        "local s = dpl.schedule('1f1b', { num_ranks = 2, num_chunks = 2 }) "
        "print(#dpl.simulate(s):gantt { width = 60 } > 60, require 'dpl.analysis' ~= nil)");
    if (failed) {
        puts(lua_tostring(L, -1));
    }
    lua_close(L);
    return failed;
}
]]

-- libdpl.a has the Lua modules too, for who has a Lua of his own.
function TestFromC.test_in_a_lua_state_of_the_programs_own()
  skip_if_sanitized()
  process.skip_without("pkg-config")
  local prefix = installing.install_and_move()
  process.write("host.c", "#include <stdio.h>\n" .. HOST)
  run(installing.FIND_LUA .. [[
    cc -std=c11 -Wall -Wextra -Werror host.c -o host %s/lib/libdpl.a \
      $(pkg-config --cflags --libs $lua) -lm -lpthread]], quoted(prefix))
  lu.assertEquals(run("./host"), "true\ttrue\n")
end

---- Stock Lua ----

local TestFromLua = process.test_table()

local function run_lua(prefix, statements)
  return run("LUA_CPATH_5_4=%s LD_PRELOAD=%s %s -e %s", quoted(prefix .. "/lib/lua/5.4/?.so"),
    PRELOAD, LUA, quoted(statements))
end

local DRAW <const> = [[
local dpl = require "dpl"
local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 })
print((dpl.simulate(s):gantt { width = 60 }:gsub("\n.*", "")))
]]

function TestFromLua.test_draws()
  lu.assertStrMatches(run_lua(installing.install_and_move(), DRAW), "time .*\n")
end

-- In C, for dpl's own modules, which see to it that they are there.
local IN_C <const> = {
  ["dpl.fail"] = true, ["dpl.inspect"] = true, ["dpl.json"] = true, ["dpl.library"] = true,
  ["dpl.nearest"] = true, ["dpl.planning"] = true, ["dpl.transformer"] = true,
  ["dpl.write_file"] = true,
}

local function modules_of_dpl()
  local modules = {}
  for name in pairs(package.preload) do
    if name:find("^dpl") and not IN_C[name] then
      modules[#modules + 1] = name
    end
  end
  table.sort(modules)
  return modules
end

-- Each as the first that a script requires, the others after it.
function TestFromLua.test_any_module_may_be_required_first()
  local prefix = installing.install_and_move()
  local modules = modules_of_dpl()
  lu.assertTrue(#modules >= 9)
  for _, first in ipairs(modules) do
    local script = ("require %q "):format(first)
    for _, other in ipairs(modules) do
      script = script .. ("assert(require %q) "):format(other)
    end
    lu.assertStrMatches(run_lua(prefix, script .. DRAW), "time .*\n")
  end
end

local ROCKSPEC <const> = "lua/dpl-" .. version() .. "-1.rockspec"

function TestFromLua.test_rockspec_has_the_version_of_the_library()
  local rockspec = {}
  assert(load(read(ROOT .. "/" .. ROCKSPEC), "=rockspec", "t", rockspec))()
  lu.assertEquals(rockspec.version, version() .. "-1")
  lu.assertEquals(run("cd %s && ls lua/*.rockspec", quoted(ROOT)), ROCKSPEC .. "\n")
  lu.assertStrContains(read(ROOT .. "/README.md"), "make " .. ROCKSPEC)
end

function TestFromLua.test_luarocks()
  process.skip_without("luarocks")
  skip_if_sanitized()
  local tree = process.directory() .. "/tree"
  run([[
    cd %s && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
      luarocks --lua-version 5.4 --tree %s make %s \
      CFLAGS='-O0 -fPIC']], quoted(ROOT), quoted(tree), ROCKSPEC)
  lu.assertStrMatches(run_lua(tree, DRAW), "time .*\n")
  run("luarocks --lua-version 5.4 --tree %s remove dpl", quoted(tree))
  lu.assertNotStrContains(installing.list(tree), "dpl.so")
end

---- Python ----

local TestFromPython = process.test_table()

function TestFromPython.test_through_ctypes()
  skip_if_sanitized()
  local python = installing.python_with("ctypes")
  local prefix = installing.install_and_move()
  lu.assertEquals(run("%s -B %s/tests/embed_python.py %s/lib/libdpl.so", python, quoted(ROOT),
    quoted(prefix)), "dpl " .. version() .. [[

makespan 68.6, bubble ratio 0.1254
 0F0    0    1
 0F1    1    2
 0F2    2    3
SIZE: dualpipe needs an even num_chunks (got 7): half of them enter at each end; ]] .. [[
its rule: num_ranks even, num_chunks even and >= 2 * num_ranks
CANCELLED: cancelled
]])
end

-- Where the system looks for libraries, none has to be named. Python finds none whose path has a
-- space in it.
function TestFromPython.test_finds_the_library()
  skip_if_sanitized()
  local python = installing.python_with("ctypes")
  local prefix = installing.install("prefix")
  local command = ("%s -B %s/tests/embed_python.py"):format(python, quoted(ROOT))
  lu.assertStrContains(run("LD_LIBRARY_PATH=%s %s", quoted(prefix .. "/lib"), command), "makespan")
end

local LAYOUTS <const> = [[
#include <dpl.h>
#include <stdio.h>
int main(void)
{
    printf("%zu %zu %zu %zu %zu %zu %zu\n", sizeof(dpl_error), sizeof(dpl_hooks), sizeof(dpl_shape),
           sizeof(dpl_cost), sizeof(dpl_costs), sizeof(dpl_action), sizeof(dpl_summary));
    return 0;
}
]]

-- A struct that has grown in the header must grow in the example too.
function TestFromPython.test_structs_are_the_headers()
  local python = installing.python_with("ctypes")
  process.write("layouts.c", LAYOUTS)
  compile("layouts.c", "", "-Wl,--allow-shlib-undefined")
  local sizes = run([[PYTHONPATH=%s/tests %s -B -c '
from embed_python import *
print(*map(ctypes.sizeof, (Error, Hooks, Shape, Cost, Costs, Action, Summary)))']], quoted(ROOT),
    python)
  lu.assertEquals(sizes, run("LD_LIBRARY_PATH='moved here/lib' LD_PRELOAD=%s ./program", PRELOAD))
end

function TestFromPython.test_header_through_cffi()
  skip_if_sanitized()
  local python = installing.python_with("cffi")
  local prefix = installing.install_and_move()
  lu.assertEquals(run("%s -B %s/tests/embed_cffi.py %s/include %s/lib/libdpl.so", python,
    quoted(ROOT), quoted(prefix), quoted(prefix)), [[
zbv 101.15
zbv_greedy 101.25
interleaved_zb 101.3
num_ranks and num_chunks must be at least 1
]])
end

return { TestFromC = TestFromC, TestFromLua = TestFromLua, TestFromPython = TestFromPython }
