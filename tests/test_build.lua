-- What the Makefile makes: the libraries' names and symbols, and the files embedded in the binary.

local lu = require "luaunit"

local ROOT = os.getenv("DPL_ROOT")
local BUILD = os.getenv("DPL_BUILD")
local BIN = os.getenv("DPL_BIN")

-- What a command prints; it must succeed.
local function output_of(format, ...)
  local command = format:format(...)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  lu.assertTrue(pipe:close(), command .. "\n" .. text)
  return text
end

local function version()
  local header = assert(io.open(ROOT .. "/core/dpl.h")):read("a")
  local parts = {}
  for _, name in ipairs { "MAJOR", "MINOR", "PATCH" } do
    parts[#parts + 1] = header:match("#define DPL_VERSION_" .. name .. " (%d+)")
  end
  return table.concat(parts, ".")
end

-- The symbols of a library that others see, by name; the value is nm's letter for the kind.
local function dynamic_symbols(library)
  local symbols = {}
  for line in output_of("nm -D '%s/%s'", BUILD, library):gmatch("[^\n]+") do
    local kind, name = line:match(" (%a) ([%w_]+)")
    if name then
      symbols[name] = kind
    end
  end
  return symbols
end

local function needed(path)
  return output_of("readelf -d '%s'", path)
end

-- The compiler's run time, where it lies within the library: the sanitizers' or gcov's.
local function is_of_compiler(name)
  return name:find("^__") ~= nil or name == "mangle_path"
end

local TestLibraries = {}

function TestLibraries.test_shared_library_is_versioned()
  local major = version():match("^0%.%d+") or version():match("^%d+")
  lu.assertStrContains(needed(BUILD .. "/libdpl.so"), "[libdpl.so." .. major .. "]")
  local manual = assert(io.open(ROOT .. "/core/dpl.h")):read("a")
  lu.assertStrContains(manual, "(libdpl.so." .. major .. ")")
  local target = output_of("readlink -f '%s/libdpl.so'", BUILD)
  lu.assertStrContains(target, "/libdpl.so." .. version() .. "\n")
  lu.assertEquals(output_of("readlink -f '%s/libdpl.so.%s'", BUILD, major), target)
end

function TestLibraries.test_shared_library_knows_nothing_of_lua()
  for name in pairs(dynamic_symbols("libdpl.so")) do
    lu.assertNil(name:match("^luaL?_.*"), "a symbol of Lua in libdpl.so")
  end
  lu.assertNotStrContains(needed(BUILD .. "/libdpl.so"), "liblua")
end

function TestLibraries.test_shared_library_exports_only_dpl_names()
  local count = 0
  for name, kind in pairs(dynamic_symbols("libdpl.so")) do
    if kind:find("[TDBR]") and not is_of_compiler(name) then
      lu.assertStrMatches(name, "dpl_.*")
      count = count + 1
    end
  end
  lu.assertTrue(count > 0)
end

function TestLibraries.test_module_leaves_lua_to_its_host()
  lu.assertNotStrContains(needed(BUILD .. "/dpl.so"), "liblua")
  local symbols = dynamic_symbols("dpl.so")
  lu.assertEquals(symbols.luaopen_dpl, "T")
  lu.assertEquals(symbols.lua_callk, "U")
end

function TestLibraries.test_static_library_opens_in_an_embedder()
  lu.assertStrContains(output_of("nm '%s/libdpl.a' 2>/dev/null", BUILD), " T luaopen_dpl\n")
end

function TestLibraries.test_interpreter_exports_all_of_lua_where_it_contains_it()
  if needed(BIN):find("liblua", 1, true) then
    lu.skip("there is no static liblua here, so dpl links the shared one")
  end
  -- No part of dpl calls lua_arith; a module in C may.
  lu.assertStrContains(output_of("nm -D '%s'", BIN), " T lua_arith\n")
end

local TestEmbedded = {}

function TestEmbedded.test_argparse_comes_from_the_binary()
  local argparse = require "argparse"
  local info = debug.getinfo(getmetatable(argparse).__call, "S")
  lu.assertEquals(info.source, "@argparse.lua")
end

-- Byte for byte, so that line numbers in errors are those of the file.
function TestEmbedded.test_text_is_that_of_the_file()
  local path = assert(package.searchpath("argparse", package.path))
  local text = assert(io.open(path)):read("a")
  local bytes = text:sub(1, 16):gsub(".", function(c)
    return ("0x%02x,"):format(c:byte())
  end)
  local generated = assert(io.open(BUILD .. "/embedded.c")):read("a")
  lu.assertStrContains(generated, bytes)
  local _, count = generated:gsub("0x%x%x,", "")
  lu.assertTrue(count >= #text)
end

return { TestLibraries = TestLibraries, TestEmbedded = TestEmbedded }
