-- "make docs": the pages can be made without a warning, and everything public is on them.

local lu = require "luaunit"
local annotations = require "annotations"
local installing = require "installing"
local process = require "process"

local ROOT <const> = os.getenv("DPL_ROOT")

local TestDocs = process.test_table()

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

-- The pages of a part, "c" or "lua": all their text.
local function pages(part, tool)
  process.skip_without(tool)
  local docs = process.directory() .. "/docs"
  installing.make(("docs-%s DOCS=%s"):format(part, process.quoted(docs)))
  return installing.run("find %s -name '*.html' -exec cat {} +", process.quoted(docs))
end

-- Without the text in the message: LuaUnit takes minutes to show some hundred kilobytes.
local function assert_on_pages(text, part)
  lu.assertTrue(text:find(part, 1, true) ~= nil, part .. " is not on the pages")
end

function TestDocs.test_every_function_of_the_headers()
  local text = pages("c", "doxygen")
  local count = 0
  for path in installing.run("ls %s/core/dpl.h %s/core/dpl/*.h", ROOT, ROOT):gmatch("[^\n]+") do
    for name in read(path):gmatch("\nDPL_API[^(]-([%w_]+)%(") do
      assert_on_pages(text, name .. "()</h2>")
      count = count + 1
    end
  end
  lu.assertTrue(count > 60)
end

function TestDocs.test_front_page_has_the_example_as_it_is()
  pages("c", "doxygen")
  local page = read(process.directory() .. "/docs/c/index.html")
  lu.assertNotNil(page:find("&amp;shape, NULL, &amp;schedule, &amp;error) == DPL_OK", 1, true))
end

function TestDocs.test_every_lua_function_class_and_name()
  local text = pages("lua", "ldoc")
  for name in pairs(annotations.functions) do
    assert_on_pages(text, ('<a name = "%s"></a>'):format(name:gsub("^%l+%.", "")))
  end
  for name, class in pairs(annotations.classes) do
    local shown = class.bound and class.bound:match("%w+$") or name:match("%w+$")
    assert_on_pages(text, shown)
    for field in pairs(class.fields) do
      assert_on_pages(text, ('<span class="parameter">%s</span>'):format(field))
    end
  end
  for name in pairs(annotations.aliases) do
    assert_on_pages(text, ('<a name = "%s"></a>'):format(name:match("%w+$")))
  end
end

return { TestDocs = TestDocs }
