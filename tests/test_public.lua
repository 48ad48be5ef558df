-- The public headers as what they are: a promise to programs in C and C++, and their manual.

local lu = require "luaunit"

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

-- Compiles a text; the compiler must have nothing to say. Skips where there is none.
function TestPublicHeaders:compile(text, compiler, options, libraries)
  lu.skipIf(not os.execute(("command -v %s >/dev/null"):format(compiler)), "no " .. compiler)
  local source = self.directory .. "/user." .. (compiler == "c++" and "cpp" or "c")
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

-- The manual's own functions; those of the parts have tests of their modules.
function TestPublicHeaders.test_every_function_is_used_in_test_header()
  local used = read(ROOT .. "/tests/test_header.c")
  for name in pairs(declared_in(ROOT .. "/core/dpl.h", {})) do
    lu.assertStrContains(used, name .. "(")
  end
end

function TestPublicHeaders:test_each_stands_alone()
  for _, path in ipairs(headers()) do
    local name = path:match("core/(.+)$")
    self:compile(('#include "%s"\n'):format(name), "cc", "-std=c11 -fsyntax-only")
  end
end

function TestPublicHeaders:test_compile_as_cpp()
  self:compile([[
#include "dpl.h"
int main()
{
    dpl_hooks hooks = {};
    dpl_costs costs = {DPL_COST(1), DPL_COST(2), {}, {}, {}, 0};
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    return hooks.user == nullptr && costs.F.value == 1 && options.weight_memory == 1 ? 0 : 1;
}
]], "c++", "-std=c++11 -fsyntax-only")
end

-- The example with which the manual begins, cut out of its comment.
function TestPublicHeaders:test_example_of_the_manual()
  local comment = read(ROOT .. "/core/dpl.h"):match("Simple use:\n(.-)\n %* Conventions")
  local example = ("\n" .. comment):gsub("\n %*", "\n")
  local program = self.directory .. "/user"
  self:compile(('#include <stdio.h>\n#include "dpl.h"\nint main(void)\n{\n%s\n    return 0;\n}\n')
    :format(example), "cc", ("-std=c11 -o '%s'"):format(program),
    ("-L'%s' -ldpl -Wl,-rpath,'%s' -Wl,--allow-shlib-undefined"):format(BUILD, BUILD))
  lu.assertEquals(lines_of(("LD_PRELOAD='%s' '%s'"):format(PRELOAD, program)), { "66" })
end

return { TestPublicHeaders = TestPublicHeaders }
