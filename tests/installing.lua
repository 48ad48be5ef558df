-- Installs what was built into the directory of a test, for the tests that use it from there.

local lu = require "luaunit"
local process = require "process"

local quoted = process.quoted

local installing = {}

local ROOT <const> = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run them with 'make test'")

-- Whether what was built only runs where the sanitizers' run time is loaded first.
installing.IS_SANITIZED = (os.getenv("DPL_PRELOAD") or "") ~= ""

-- Sets $lua to the name of Lua's pkg-config file, which differs between systems.
installing.FIND_LUA = [[
for lua in lua5.4 lua-5.4 lua54 lua; do
  case $(pkg-config --modversion $lua 2>/dev/null) in (5.4*) break ;; esac
done
]]

-- What a command prints; it must succeed.
function installing.run(format, ...)
  local output, code = process.sh(format:format(...))
  lu.assertEquals(code, 0, output)
  return output
end

-- Runs make as the make that runs these tests was run: MAKEFLAGS carries its BUILD and CFLAGS.
function installing.make(arguments)
  lu.skipIf(not os.getenv("MAKEFLAGS"), "not run by make")
  return installing.run("make -C %s %s", quoted(ROOT), arguments)
end

-- Installs below a prefix, given by its path in the test's directory; returns its full path.
function installing.install(path, variables)
  local prefix = process.directory() .. "/" .. path
  installing.make(("install PREFIX=%s %s"):format(quoted(prefix), variables or ""))
  return prefix
end

-- Installs, and moves what was installed: nothing in it may hang on where it was put. A directory
-- with a space in its name, of which scripts tend to make two.
function installing.install_and_move()
  local prefix = installing.install("first")
  local moved = process.directory() .. "/moved here"
  assert(os.rename(prefix, moved))
  return moved
end

-- All files, or what else find tells apart, below a directory: sorted paths relative to it.
function installing.list(directory, condition)
  local list = installing.run("cd %s && find . %s | LC_ALL=C sort", quoted(directory),
    condition or "! -type d")
  return (list:gsub("%./", ""))
end

-- The Python that has a module: the first in PATH, or the system's, whose packages apt installs.
function installing.python_with(module)
  for _, python in ipairs { "python3", "/usr/bin/python3" } do
    local _, code = process.sh(("%s -c 'import %s'"):format(python, module))
    if code == 0 then
      return python
    end
  end
  lu.skip("there is no Python with " .. module)
end

return installing
