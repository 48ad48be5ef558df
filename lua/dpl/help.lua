-- Help on everything that dpl has, made from the annotations in lua/library, the options that
-- classes list, and what is known of strategies.
--
--   local help = require "dpl.help"
--   help(dpl.simulate)  help "ScheduleComparator"  help "1f1b"  help()
--   print(help.text "dpl.simulate")

local annotations = require "dpl.annotations"
local inspect = require "dpl.inspect"
local nearest = require "dpl.nearest"
local dpl = require "dpl"

local WIDTH <const> = 90

---- Lines ----

-- Appends a text, broken at blanks, under an indent; `first` stands before its first line.
local function add_text(lines, indent, text, first)
  local line = first or indent
  local is_empty = true
  for word in text:gmatch("%S+") do
    if not is_empty and #line + 1 + #word > WIDTH then
      lines[#lines + 1] = line
      line, is_empty = indent, true
    end
    line = line .. (is_empty and "" or " ") .. word
    is_empty = false
  end
  if not is_empty or first then
    lines[#lines + 1] = (line:gsub("%s+$", ""))
  end
end

-- Appends rows { name, text } as two columns, under a heading.
local function add_rows(lines, heading, rows)
  local width = 0
  for _, row in ipairs(rows) do
    width = math.max(width, math.min(#row[1], 30))
  end
  if #rows > 0 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = heading .. ":"
  end
  for _, row in ipairs(rows) do
    add_text(lines, (" "):rep(width + 4), row[2], ("  %-" .. width .. "s  "):format(row[1]))
  end
end

---- Types ----

local function short(name)
  return (name:gsub("^dpl%.", ""))
end

-- One alternative of a type: what an alias stands for, but for the list of strategies.
local function shown_part(part)
  local alias = annotations.all().aliases[part]
  if not alias or part == "dpl.Strategy" then
    return (part:gsub("dpl%.", ""))
  end
  return alias.type ~= "" and alias.type or table.concat(annotations.choices(part), "|")
end

-- A type as people read it; that it may be nil is said otherwise.
local function shown_type(kind)
  local parts = annotations.split(kind:gsub("%?$", ""), "|")
  for i, part in ipairs(parts) do
    parts[i] = shown_part(part)
  end
  return table.concat(parts, "|")
end

-- Where more is said of the values of a type.
local function reference(kind)
  local alias = annotations.all().aliases[(kind:gsub("%?$", ""))]
  local says_more = alias and (alias.text ~= "" or #alias.values > 0) and alias.name ~= "dpl.Cost"
  return says_more and (' (help "%s")'):format(short(alias.name)) or ""
end

-- "number, optional: meaning".
local function described(field, unit)
  local parts = { shown_type(field.type) }
  if unit and unit ~= "" and not field.text:find(unit, 1, true) then
    parts[#parts + 1] = "in " .. unit
  end
  if not field.optional then
    parts[#parts + 1] = "required"
  end
  local text = table.concat(parts, ", ")
  return (field.text ~= "" and text .. ": " .. field.text or text) .. reference(field.type)
end

-- The fields of a type as rows, with units by name.
local function field_rows(kind, units, is_result)
  local rows = {}
  for _, field in ipairs(annotations.fields(kind)) do
    local text = described({ type = field.type, text = field.text,
      optional = field.optional or is_result }, units and units[field.name])
    rows[#rows + 1] = { field.name .. (is_result and field.optional and "?" or ""), text }
  end
  return rows
end

---- Functions ----

local function signature(entry)
  local names = {}
  for i, parameter in ipairs(entry.parameters) do
    names[i] = parameter.name .. (parameter.optional and "?" or "")
  end
  return ("%s(%s)"):format(entry.name:find(":") and short(entry.name) or entry.name,
    table.concat(names, ", "))
end

-- The units of a class's options, by name.
local function units_of(class)
  local units = {}
  for _, option in ipairs(type(class) == "table" and class.options or {}) do
    units[option.name] = option.unit
  end
  return units
end

local function is_class(value)
  return type(value) == "table" and type(rawget(value, "options")) == "table"
    and type(rawget(value, "name")) == "string" and type(rawget(value, "meaning")) == "string"
end

-- The value of a function or class of a module, "dpl.simulator.ScheduleComparator".
local function value_of(entry)
  local module, name = entry.name:match("^(.*)%.([%w_]+)$")
  local found, table_of_it = pcall(require, module or "")
  return found and type(table_of_it) == "table" and rawget(table_of_it, name) or nil
end

local function add_parameters(lines, entry, units)
  local rows = {}
  for _, parameter in ipairs(entry.parameters) do
    rows[#rows + 1] = { parameter.name, described({ type = parameter.type, text = parameter.text,
      optional = true }) .. (parameter.optional and " (may be left out)" or "") }
  end
  add_rows(lines, "parameters", rows)
  for _, parameter in ipairs(entry.parameters) do
    local kind = parameter.type:gsub("|?dpl%.Schedule", ""):gsub("^|", "")
    add_rows(lines, parameter.name, field_rows(kind, units))
  end
end

local function add_returns(lines, entry)
  local rows = {}
  for _, result in ipairs(entry.returns) do
    local kind = shown_type(result.type) .. (result.optional and " or nil" or "")
    rows[#rows + 1] = { result.name ~= "" and result.name or "result",
      result.text ~= "" and kind .. ": " .. result.text or kind }
  end
  add_rows(lines, "returns", rows)
  local first = entry.returns[1]
  if first and not annotations.members((first.type:gsub("%?$", "")))[1] then
    add_rows(lines, "fields of the result", field_rows(first.type:gsub("[%[%]?]+$", ""), nil, true))
  end
end

-- The first sentence of a text.
local function sentence(text)
  return text:match("^(.-%.)%s") or text
end

-- What a function or class is for: the annotation, else what the class or the result says.
local function meaning(entry)
  local class, returned = value_of(entry), entry.returns[1]
  if entry.text ~= "" then
    return entry.text
  end
  return is_class(class) and class.meaning or returned and returned.text or ""
end

local function member_rows(owner)
  local rows = {}
  for i, entry in ipairs(annotations.members(owner)) do
    rows[i] = { signature(entry):match("[%w_]+%(.*$"), sentence(meaning(entry)) }
  end
  return rows
end

local function add_functions(lines, entry)
  local value = value_of(entry)
  lines[#lines + 1] = signature(entry)
  for _, overload in ipairs(entry.overloads) do
    lines[#lines + 1] = entry.name .. (overload:match("^fun(%b())") or "")
  end
  lines[#lines + 1] = ""
  add_text(lines, "  ", meaning(entry))
  add_parameters(lines, entry, units_of(value))
  if is_class(value) then
    add_rows(lines, "methods", member_rows("dpl." .. value.name))
  else
    add_returns(lines, entry)
  end
end

---- Classes, aliases, modules, strategies ----

local function add_class(lines, class)
  lines[#lines + 1] = short(class.name)
  lines[#lines + 1] = ""
  add_text(lines, "  ", class.text)
  add_rows(lines, "fields", field_rows(class.name, nil, true))
  add_rows(lines, "methods", member_rows(class.name))
end

local function add_alias(lines, alias)
  local rows = {}
  for i, value in ipairs(alias.values) do
    rows[i] = { value.value, value.text }
  end
  lines[#lines + 1] = short(alias.name) .. (alias.type ~= "" and " = " .. alias.type or "")
  lines[#lines + 1] = ""
  add_text(lines, "  ", alias.text)
  add_rows(lines, "values", rows)
end

local function add_module(lines, name)
  lines[#lines + 1] = ('require "%s"'):format(name)
  add_rows(lines, "has", member_rows(name))
end

local STRATEGY_FIELDS <const> = {
  { "sizes", "size_rule" }, { "bubble", "closed_form" }, { "memory", "memory" },
  { "published in", "source" }, { "other name", "alias" },
}

local function add_strategy(lines, name)
  local info = dpl.describe(name)
  lines[#lines + 1] = ('%s: a strategy, dpl.schedule("%s", { num_ranks =, num_chunks = })'):format(
    info.name, info.name)
  lines[#lines + 1] = ""
  add_text(lines, "  ", tostring(info.summary or ""))
  local rows = {}
  for _, field in ipairs(STRATEGY_FIELDS) do
    if info[field[2]] then
      rows[#rows + 1] = { field[1], tostring(info[field[2]]) }
    end
  end
  if type(info.option) == "string" then
    rows[#rows + 1] = { "option", ("%s, default %s"):format(info.option, info.option_default) }
  end
  if info.uses_costs then
    rows[#rows + 1] = { "costs", "its order depends on the option costs of dpl.schedule" }
  end
  add_rows(lines, "P ranks, M chunks, v stages a rank, rank r", rows)
end

local function add_overview(lines)
  add_text(lines, "", "help(x) tells of a function, class, method, module, object, or of a name in "
    .. "quotes: help(dpl.simulate), help \"ScheduleComparator\", help \"Timeline:gantt\", "
    .. "help \"1f1b\", help \"comm\".")
  for _, module in ipairs(annotations.all().modules) do
    add_rows(lines, module, member_rows(module))
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "strategies:"
  add_text(lines, "  ", table.concat(dpl.strategies(), " "))
end

---- Finding ----

local adders = {
  alias = add_alias, class = add_class, ["function"] = add_functions, module = add_module,
  strategy = add_strategy,
}

local function add(names, name, kind, subject)
  names[name] = names[name] or {}
  names[name][#names[name] + 1] = { kind = kind, subject = subject }
end

-- A name and those that stand for it: "dpl.Timeline:gantt", "Timeline:gantt", "Timeline.gantt",
-- "gantt".
local function add_all(names, name, kind, subject)
  local written = { name, short(name), (name:gsub(":", ".")), (short(name):gsub(":", ".")),
    name:match("[%w_]+$") }
  local seen = {}
  for _, form in ipairs(written) do
    if not seen[form] then
      seen[form] = true
      add(names, form, kind, subject)
    end
  end
end

-- All that help is asked for by name: lists of { kind =, subject = } by name.
local function all_names()
  local names, all = {}, annotations.all()
  local is_module = {}
  for _, module in ipairs(all.modules) do
    is_module[module] = true
    add_all(names, module, "module", module)
  end
  for name, entry in pairs(all.functions) do
    add_all(names, name, "function", entry)
  end
  for name, class in pairs(all.classes) do
    local made = names[short(name)]
    if made and made[1].kind == "function" then -- the class that makes it says all of it
      add(names, name, "function", made[1].subject)
    elseif not is_module[name] then
      add_all(names, name, "class", class)
    end
  end
  for name, alias in pairs(all.aliases) do
    add_all(names, name, "alias", alias)
  end
  for _, name in ipairs(dpl.strategies()) do
    add(names, name, "strategy", name)
    local info = dpl.describe(name)
    if info.alias then
      add(names, info.alias, "strategy", name)
    end
  end
  return names
end

local function subject_name(found)
  return type(found.subject) == "table" and found.subject.name or found.subject
end

-- Several things of one name, one after the other, in an order that does not change.
local function pages(found)
  table.sort(found, function(a, b)
    if a.kind ~= b.kind then
      return a.kind > b.kind
    end
    return subject_name(a) < subject_name(b)
  end)
  local lines = {}
  for i, one in ipairs(found) do
    if i > 1 then
      lines[#lines + 1] = ""
    end
    adders[one.kind](lines, one.subject)
  end
  return table.concat(lines, "\n")
end

-- The functions and types that have an option or field of this name.
local function option_page(name)
  local rows = {}
  for class_name, class in pairs(annotations.all().classes) do
    for _, field in ipairs(class.fields) do
      if field.name == name then
        rows[#rows + 1] = { short(class_name), described({ type = field.type, text = field.text,
          optional = true }) }
      end
    end
  end
  table.sort(rows, function(a, b)
    return a[1] < b[1]
  end)
  local lines = { name }
  add_rows(lines, "a field or option of", rows)
  return #rows > 0 and table.concat(lines, "\n") or nil
end

local function named(name)
  local names = all_names()
  if names[name] then
    return pages(names[name])
  end
  local page = option_page(name)
  if page then
    return page
  end
  local list = {}
  for known in pairs(names) do
    list[#list + 1] = known
  end
  table.sort(list)
  local near = nearest(name, list)
  return nil, ("no help on '%s'%s"):format(#name <= 60 and name or name:sub(1, 60) .. "...",
    near and (" (did you mean '%s'?)"):format(near) or "; help() says what there is")
end

-- A sandbox has no table of what is loaded, and its require reads no files.
local function loaded_module(name)
  if package then
    return package.loaded[name]
  end
  return require(name)
end

-- The name of a value of one of dpl's modules that are loaded, or the module's.
local function name_in_modules(value)
  for _, module in ipairs(annotations.all().modules) do
    local loaded = loaded_module(module)
    if loaded ~= nil and rawequal(loaded, value) then
      return module
    end
    for key, member in next, type(loaded) == "table" and loaded or {} do
      if rawequal(member, value) and type(key) == "string" then
        return module .. "." .. key
      end
    end
  end
end

local function name_of_method(value)
  local owner, method = inspect.method(value)
  local class = annotations.class_of_type(owner)
  return class and class .. ":" .. method
end

-- The name under which help is kept on a value.
local function name_of(value)
  local kind = type(value)
  if kind == "function" then
    return name_in_modules(value) or name_of_method(value)
  end
  return name_in_modules(value) or annotations.class_of_type(inspect.type(value))
end

local help = {}

function help.text(...)
  local subject = ...
  if select("#", ...) == 0 or subject == nil then
    local lines = {}
    add_overview(lines)
    return table.concat(lines, "\n")
  end
  if type(subject) == "string" then
    return named(subject)
  end
  local name = name_of(subject)
  if name then
    return named(name)
  end
  return nil, ("no help on this %s: it is none of dpl's; help() says what there is"):format(
    type(subject))
end

function help.print(...)
  local text, message = help.text(...)
  print(text or message)
end

return setmetatable(help, {
  __name = "dpl.help",
  __call = function(_, ...)
    help.print(...)
  end,
})
