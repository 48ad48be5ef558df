-- What lua/library says of dpl's functions, classes and types, read from its text: the one home of
-- these facts, for help and completion.
--
--   functions   by name, "dpl.simulate", "dpl.analysis.BubbleCalculator", "dpl.Timeline:gantt":
--               { name =, module =, text =, parameters = fields, returns = fields, overloads = }
--   classes     by name, "dpl.Costs": { name =, module =, text =, parents =, fields = fields }
--   aliases     by name, "dpl.Kind": { name =, text =, type =, values = { { value =, text = } } }
--   modules     names, sorted
--
-- A file belongs to the module that its ---@meta names; a module may have several files, each of
-- which begins its class anew. Fields are { name =, optional =, type =, text = }.

local library = require "dpl.library"

local find, match, gmatch, sub = string.find, string.match, string.gmatch, string.sub
local sort, concat = table.sort, table.concat

local lower, gsub = string.lower, string.gsub

local annotations = {}

-- Splits "number|{ a: string } the meaning" behind the type: at the first blank outside brackets
-- that does not follow a ':' (of a function's result) or stand beside a '|'.
function annotations.split_type(text)
  local depth = 0
  for i = 1, #text do
    local c = sub(text, i, i)
    if find(c, "[{(<%[]") then
      depth = depth + 1
    elseif find(c, "[})>%]]") then
      depth = depth - 1
    elseif c == " " and depth == 0 and not find(sub(text, i - 1, i - 1), "[:|,]")
      and not find(text, "^ |", i) then
      return sub(text, 1, i - 1), sub(text, i + 1)
    end
  end
  return text, ""
end

-- The parts of a list or of alternatives, divided by `separator` outside brackets and quotes.
function annotations.split(text, separator)
  local parts, depth, quoted, first = {}, 0, false, 1
  for i = 1, #text do
    local c = sub(text, i, i)
    if c == '"' then
      quoted = not quoted
    elseif not quoted and find(c, "[{(<%[]") then
      depth = depth + 1
    elseif not quoted and find(c, "[})>%]]") then
      depth = depth - 1
    elseif c == separator and depth == 0 and not quoted then
      parts[#parts + 1] = match(sub(text, first, i - 1), "^%s*(.-)%s*$")
      first = i + 1
    end
  end
  parts[#parts + 1] = match(sub(text, first), "^%s*(.-)%s*$")
  return parts
end

-- "name? type text"; a result may have no name.
local function read_field(text)
  local name, mark, rest = match(text, "^([%w_%.%[%]]+)(%??)%s+(.*)$")
  local kind, meaning = annotations.split_type(rest or "")
  return { name = name, optional = mark == "?", type = kind, text = meaning }
end

-- "type name text", where the name and the text may be missing.
local function read_result(text)
  local kind, rest = annotations.split_type(text)
  local name, meaning = match(rest, "^([%a_][%w_]*)%s*(.*)$")
  return { name = name or "", optional = find(kind, "%?$") ~= nil, type = kind,
    text = meaning or "" }
end

---- One file ----

-- What the lines above a declaration have said so far.
local function new_block()
  return { text = {}, parameters = {}, returns = {}, overloads = {} }
end

local tags = {}

function tags.class(reader, rest)
  local name, parents = match(rest, "^([%w_%.]+)%s*:?%s*(.*)$")
  local class = reader.found.classes[name] or { name = name, module = reader.module, fields = {},
    parents = {}, text = concat(reader.block.text, " ") }
  for parent in gmatch(parents, "[%w_%.]+") do
    class.parents[#class.parents + 1] = parent
  end
  reader.found.classes[name] = class
  reader.class = class
  reader.block.text = {}
end

function tags.field(reader, rest)
  if reader.class then
    reader.last = read_field(rest)
    reader.class.fields[#reader.class.fields + 1] = reader.last
  end
end

function tags.alias(reader, rest)
  local name, kind = match(rest, "^([%w_%.]+)%s*(.*)$")
  reader.alias = { name = name, text = concat(reader.block.text, " "), type = kind, values = {} }
  reader.found.aliases[name] = reader.alias
  reader.block.text = {}
end

function tags.param(reader, rest)
  reader.last = read_field(rest)
  reader.block.parameters[#reader.block.parameters + 1] = reader.last
end

tags["return"] = function(reader, rest)
  reader.last = read_result(rest)
  reader.block.returns[#reader.block.returns + 1] = reader.last
end

function tags.overload(reader, rest)
  reader.block.overloads[#reader.block.overloads + 1] = rest
end

local function read_comment(reader, line)
  local tag, rest = match(line, "^%-%-%-@(%w+)%s*(.*)$")
  local value, meaning = match(line, '^%-%-%-|%s*(%S+)%s*#?%s*(.*)$')
  if tag then
    if tags[tag] then
      tags[tag](reader, rest)
    end
  elseif value and reader.alias then
    reader.alias.values[#reader.alias.values + 1] = { value = value, text = meaning }
  elseif reader.last then -- a line that goes on with what the one before it says
    reader.last.text = reader.last.text .. " " .. match(line, "^%-%-%-%s*(.*)$")
  else
    reader.block.text[#reader.block.text + 1] = match(line, "^%-%-%-%s*(.*)$")
  end
end

-- "function analysis.ScheduleAnalyzer(options) end", where the file has "local analysis = {}"
-- behind "---@class dpl.analysis".
local function read_function(reader, owner, mark, name)
  local class = reader.locals[owner]
  if class then
    local block = reader.block
    local full = class .. mark .. name
    reader.found.functions[full] = { name = full, module = reader.module,
      text = concat(block.text, " "), parameters = block.parameters, returns = block.returns,
      overloads = block.overloads }
  end
end

-- "fun(options: dpl.Options, more?: table): dpl.Thing" as parameters and results.
local function read_overload(text)
  local inside, rest = match(text, "^fun(%b())%s*:?%s*(.*)$")
  local parameters = {}
  for _, part in ipairs(annotations.split(sub(inside, 2, -2), ",")) do
    local name, mark, kind = match(part, "^([%w_]+)(%??)%s*:%s*(.+)$")
    parameters[#parameters + 1] = { name = name, optional = mark == "?", type = kind, text = "" }
  end
  return parameters, { read_result(rest) }
end

-- "analysis.ScheduleAnalyzer = {}" behind a class that is called: a function that makes objects.
local function read_called_class(reader, owner, name)
  local class, found, overloads = reader.class, reader.found, reader.block.overloads
  local module = reader.locals[owner]
  if module and overloads[1] then
    local parameters, returns = read_overload(table.remove(overloads, 1))
    local full = module .. "." .. name
    found.classes[class.name] = nil
    found.functions[full] = { name = full, module = reader.module, text = class.text,
      parameters = parameters, returns = returns, overloads = overloads }
  end
end

local function read_code(reader, line)
  local module, called = match(line, "^([%w_]+)%.([%w_]+) = {}")
  if module and reader.class then
    read_called_class(reader, module, called)
  end
  local name = match(line, "^local ([%w_]+) = {}")
  if name and reader.class then
    reader.locals[name] = reader.class.name
  end
  local owner, mark, method = match(line, "^function ([%w_]+)([.:])([%w_]+)%(")
  if owner then
    read_function(reader, owner, mark, method)
  end
  reader.block, reader.class, reader.alias, reader.last = new_block(), nil, nil, nil
end

local function read_file(found, module, text)
  local reader = { found = found, module = module, block = new_block(), locals = {} }
  for line in gmatch(text, "([^\n]*)\n?") do
    if find(line, "^%-%-%-%-") then
      read_code(reader, "") -- a heading
    elseif find(line, "^%-%-%-") then
      read_comment(reader, line)
    else
      read_code(reader, line)
    end
  end
end

---- All files ----

local all

-- The keys of a table, sorted.
local function names_of(map)
  local names = {}
  for name in next, map do
    names[#names + 1] = name
  end
  sort(names)
  return names
end

-- Everything, read at the first call: what describes a class comes in the first file that has it.
function annotations.all()
  if not all then
    local modules = {}
    all = { functions = {}, classes = {}, aliases = {} }
    for _, name in ipairs(names_of(library)) do
      local module = match(library[name], "^%-%-%-@meta ([%w_%.]+)\n")
      modules[module] = true
      read_file(all, module, library[name])
    end
    all.modules = names_of(modules)
  end
  return all
end

local function add_fields(fields, seen, name)
  local class = annotations.all().classes[name]
  if not class then
    return
  end
  for _, field in ipairs(class.fields) do
    if not seen[field.name] then
      seen[field.name] = true
      fields[#fields + 1] = field
    end
  end
  for _, parent in ipairs(class.parents) do
    add_fields(fields, seen, parent)
  end
end

-- The fields that a value of this type has: of an annotated class and those that it extends, or of
-- a table that is written out. Nothing where it is neither.
function annotations.fields(kind)
  local fields, seen = {}, {}
  for _, part in ipairs(annotations.split(kind, "|")) do
    local inside = match(part, "^{%s*(.-)%s*}%??$")
    add_fields(fields, seen, (match(part, "^([%w_%.]+)%??$")) or "")
    for _, text in ipairs(inside and annotations.split(inside, ",") or {}) do
      local name, mark, type_of = match(text, "^([%w_]+)(%??)%s*:%s*(.+)$")
      if name then
        fields[#fields + 1] = { name = name, optional = mark == "?", type = type_of, text = "" }
      end
    end
  end
  return fields
end

-- The strings that a value of this type may be, in quotes, as they are annotated.
function annotations.choices(kind)
  local choices = {}
  for _, part in ipairs(annotations.split(kind, "|")) do
    local alias = annotations.all().aliases[(match(part, "^([%w_%.]+)%??$"))]
    if find(part, '^"') then
      choices[#choices + 1] = part
    elseif alias then
      for _, value in ipairs(alias.values) do
        choices[#choices + 1] = value.value
      end
      table.move(annotations.choices(alias.type), 1, 1000, #choices + 1, choices)
    end
  end
  return choices
end

-- The annotated class of a type, which calls itself "dpl.timeline" or "BubbleCalculator".
function annotations.class_of_type(name)
  local wanted = name and lower((gsub(name, "^dpl%.", "")))
  for class in next, annotations.all().classes do
    if lower((gsub(class, "^dpl%.", ""))) == wanted then
      return class
    end
  end
end

-- The functions of a class or module, "dpl.Timeline", by name.
function annotations.members(owner)
  local members = {}
  for name, entry in next, annotations.all().functions do
    local rest = sub(name, 1, #owner) == owner and sub(name, #owner + 1) or ""
    if find(rest, "^[.:][%w_]+$") then
      members[#members + 1] = entry
    end
  end
  sort(members, function(a, b)
    return a.name < b.name
  end)
  return members
end

return annotations
