-- The annotations for editors in lua/library: every function, class, method and option of the Lua
-- modules is in them, with the same name.

local lu = require "luaunit"

local ROOT = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run the tests with 'make test'")

local CLASS_MODULES = { "analysis", "simulator", "benchmark" }

local function annotations(module)
  local path = module:gsub("%.", "/") .. ".lua"
  local file <close> = assert(io.open(ROOT .. "/lua/library/" .. path))
  return file:read("a")
end

-- The annotated fields of a class and of those that it extends.
local function fields_of(text, class, fields)
  fields = fields or {}
  local parents, body = text:match("%-%-%-@class dpl%." .. class .. "(:?[^\n]*)\n(.-)\n\n")
  lu.assertNotNil(body, class)
  for name in ("\n" .. body):gmatch("\n%-%-%-@field ([%w_]+)") do
    fields[name] = true
  end
  for parent in parents:gmatch("dpl%.(%w+)") do
    fields_of(text, parent, fields)
  end
  return fields
end

local TestAnnotations = {}

function TestAnnotations.test_they_are_lua()
  for module in pairs(require "dpl.library") do
    lu.assertNotNil(load(annotations(module)))
    lu.assertStrContains(annotations(module), "---@meta " .. module .. "\n")
  end
end

function TestAnnotations.test_functions_of_dpl()
  local text = annotations("dpl")
  for name, value in pairs(require "dpl") do
    if type(value) == "function" then
      lu.assertStrContains(text, "\nfunction dpl." .. name .. "(")
    else
      lu.assertStrContains(text, "---@field " .. name .. " ")
    end
  end
end

function TestAnnotations.test_functions_of_modules()
  for module in pairs(require "dpl.library") do
    local name = module:match("[^.]+$")
    for key, value in pairs(require(module)) do
      if type(value) == "function" then
        lu.assertStrContains(annotations(module), "\nfunction " .. name .. "." .. key .. "(")
      end
    end
  end
end

-- Which annotated class the options of a constructor are: what the lines right above it say.
local function options_class(text, class)
  local options
  for line in text:gmatch("[^\n]*") do
    options = line ~= "" and (line:match("^%-%-%-@param options%?? dpl%.(%w+)") or options) or nil
    if line:find("^function %w+%." .. class .. "%(") then
      return options
    end
  end
end

function TestAnnotations.test_options_of_classes()
  local shared = annotations("dpl.simulator") .. "\n" .. annotations("dpl")
  for _, module in ipairs(CLASS_MODULES) do
    local text = annotations("dpl." .. module)
    for name, class in pairs(require("dpl." .. module)) do
      lu.assertStrContains(text, "." .. name .. "(")
      local options = options_class(text, name)
      if options then
        local fields = fields_of(text .. "\n" .. shared, options)
        for _, option in ipairs(class.options) do
          lu.assertTrue(fields[option.name], name .. " " .. option.name)
          fields[option.name] = nil
        end
        lu.assertNil(next(fields), name)
      else
        lu.assertEquals(name, "PipelineEvent")
      end
    end
  end
end

-- Enough options to make an object of any class.
local OPTIONS <const> = {
  num_ranks = 4, num_chunks = 8, model_params = 1e9, hidden_dim = 1024, seq_len = 512,
  batch_size = 64, gpu_memory_gb = 80, micro_batch_size = 1,
}

local function new_object(class)
  local given = {}
  for _, option in ipairs(class.options) do
    given[option.name] = OPTIONS[option.name]
  end
  return class(given)
end

-- An object raises where it has no method of that name.
function TestAnnotations.test_methods_of_classes()
  local count = 0
  for _, module in ipairs(CLASS_MODULES) do
    for class, method in annotations("dpl." .. module):gmatch("\nfunction (%w+):([%w_]+)%(") do
      local object = new_object(require("dpl." .. module)[class])
      lu.assertEquals(type(object[method]), "function", class .. ":" .. method)
      count = count + 1
    end
  end
  lu.assertTrue(count > 25)
end

function TestAnnotations.test_strategies()
  local text = annotations("dpl")
  for _, name in ipairs(require "dpl".strategies()) do
    lu.assertStrContains(text, ('\n---| "%s"'):format(name))
  end
end

return { TestAnnotations = TestAnnotations }
