-- Reads tables of named options for the modules that are written in Lua, with the messages that the
-- modules in C give: what is unknown, wrong in type or out of range raises at the script's line.
--
-- An option is declared as { name =, rule =, accepts = function(value) -> boolean, default =,
-- required = true where it has no default }.

local fail = require "dpl.fail"
local nearest_name = require "dpl.nearest"

local options = {}

local function shown(value)
  if type(value) == "string" then
    return #value <= 40 and ("the string '%s'"):format(value)
      or ("the string '%s...'"):format(value:sub(1, 40))
  end
  if value ~= value then
    return "nan"
  end
  local simple = type(value) == "number" or type(value) == "boolean" or value == nil
  return simple and tostring(value) or "a " .. type(value)
end

-- Raises what is the caller's mistake, with the script's file and line.
function options.fail(format, ...)
  fail(format:format(...))
end

local function names_of(declared)
  local names = {}
  for i, option in ipairs(declared) do
    names[i] = option.name
  end
  return names
end

local function check_name(owner, declared, name, value)
  if type(name) ~= "string" then
    options.fail("%s: options are named, as in { %s = ... } (got %s without a name)", owner,
      declared[1].name, shown(value))
  end
  local names = names_of(declared)
  for _, known in ipairs(names) do
    if known == name then
      return
    end
  end
  local nearest = nearest_name(name, names)
  local hint = nearest and (" (did you mean '%s'?)"):format(nearest)
    or "; its options are " .. table.concat(names, ", ")
  options.fail("%s: unknown option '%s'%s", owner, name, hint)
end

-- Raises where `given`, a table or nil, has a name that is not declared.
function options.check_names(owner, declared, given)
  if given ~= nil and type(given) ~= "table" then
    options.fail("%s: options are given in a table (got %s)", owner, shown(given))
  end
  for name, value in pairs(given or {}) do
    check_name(owner, declared, name, value)
  end
end

-- The values of the declared options: those in `given`, a table or nil, else their defaults.
function options.read(owner, declared, given)
  options.check_names(owner, declared, given)
  local values = {}
  for _, option in ipairs(declared) do
    local value = given and given[option.name]
    if value == nil and option.required then
      options.fail("%s: option '%s' is missing: it must be %s", owner, option.name, option.rule)
    elseif value == nil then
      value = option.default
    elseif not option.accepts(value) then
      options.fail("%s: option '%s' must be %s (got %s)", owner, option.name, option.rule,
        shown(value))
    end
    values[option.name] = value
  end
  return values
end

return options
