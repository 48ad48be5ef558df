-- What dpl.model and dpl.hardware have in common: presets by name, and tables of declared fields.

local options = require "dpl.options"
local nearest_name = require "dpl.nearest"

local presets = {}

---- Declarations of fields, as dpl.options takes them ----

function presets.is_text(value)
  return type(value) == "string"
end

function presets.is_boolean(value)
  return type(value) == "boolean"
end

-- Whether a value is a text, or a list of texts and nothing else.
function presets.is_text_or_list(value)
  if type(value) ~= "table" then
    return type(value) == "string"
  end
  local count = 0
  for _, text in pairs(value) do
    if type(text) ~= "string" then
      return false
    end
    count = count + 1
  end
  return count == #value
end

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

-- A number above 0.
function presets.positive(name, required)
  return { name = name, required = required, rule = "a finite number above 0",
    accepts = function(value)
      return is_finite(value) and value > 0
    end }
end

-- A number that may be 0.
function presets.not_negative(name)
  return { name = name, rule = "a finite number, at least 0", accepts = function(value)
    return is_finite(value) and value >= 0
  end }
end

-- A whole number from 1, which a float may be.
function presets.count(name, default)
  return { name = name, default = default, rule = "a whole number from 1 to 2147483647",
    accepts = function(value)
      return is_finite(value) and value % 1 == 0 and value >= 1 and value <= 2147483647
    end }
end

---- Tables ----

-- A copy that shares no table with the original.
function presets.copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, entry in pairs(value) do
    copy[key] = presets.copy(entry)
  end
  return copy
end

-- The given fields over those of a base, tables of named fields within them likewise; false takes
-- a table of the base away.
function presets.override(base, given)
  local all = presets.copy(base)
  for key, value in pairs(given) do
    local is_part = type(value) == "table" and type(all[key]) == "table" and #all[key] == 0
    if is_part then
      all[key] = presets.override(all[key], value)
    elseif value == false and type(all[key]) == "table" then
      all[key] = nil
    else
      all[key] = value
    end
  end
  return all
end

local function fail_unknown(kind, name, names)
  local nearest = type(name) == "string" and nearest_name(name, names)
  options.fail("%s has no field '%s'%s", kind, tostring(name),
    nearest and (" (did you mean '%s'?)"):format(nearest) or "")
end

-- The metatable of a kind of tables whose fields are `names`, and which have `methods`. What is
-- neither raises, since nil for a mistyped name would go unnoticed.
function presets.metatable(kind, names, methods, to_string)
  local known, all = {}, table.move(names, 1, #names, 1, {})
  for _, name in ipairs(names) do
    known[name] = true
  end
  for name in pairs(methods) do
    all[#all + 1] = name
  end
  table.sort(all)
  local function index(_, name)
    if not known[name] and not methods[name] then
      fail_unknown(kind, name, all)
    end
    return methods[name]
  end
  local function set(self, name, value)
    if not known[name] then
      fail_unknown(kind, name, names)
    end
    rawset(self, name, value)
  end
  return { __name = "dpl." .. kind, __index = index, __newindex = set, __tostring = to_string }
end

---- By name ----

-- The preset of a name, of a kind such as "model"; what is no name as it is.
function presets.of(kind, value)
  return type(value) == "string" and require("dpl." .. kind).get(value) or value
end

-- The presets of a list such as dpl.models, whose entries may have aliases.
function presets.catalogue(kind, entries)
  local catalogue = { names = {} }
  local by_alias, spellings = {}, {}
  for name, entry in pairs(entries) do
    catalogue.names[#catalogue.names + 1] = name
    for _, alias in ipairs(entry.aliases or {}) do
      by_alias[alias] = name
      spellings[#spellings + 1] = alias
    end
  end
  table.sort(catalogue.names)
  table.sort(spellings)
  table.move(catalogue.names, 1, #catalogue.names, #spellings + 1, spellings)

  function catalogue.list()
    return table.move(catalogue.names, 1, #catalogue.names, 1, {})
  end

  -- A copy of the fields of one, with its name in place of its aliases, by either, in any case.
  function catalogue.find(owner, name)
    if type(name) ~= "string" then
      options.fail("%s: the name of a %s is wanted; dpl.%s.list() lists them (got %s)", owner, kind,
        kind, name == nil and "nothing" or "a " .. type(name))
    end
    local lower = name:lower()
    local key = entries[lower] and lower or by_alias[lower]
    if not key then
      local nearest = nearest_name(lower, spellings)
      options.fail("%s: unknown %s '%s'%s", owner, kind, name,
        nearest and (" (did you mean '%s'?)"):format(nearest)
          or (": dpl.%s.list() lists them, dpl.%s.define makes others"):format(kind, kind))
    end
    local found = presets.copy(entries[key])
    found.aliases, found.name = nil, key
    return found
  end

  return catalogue
end

return presets
