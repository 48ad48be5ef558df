-- Reads the annotations for editors in lua/library (LuaCATS, as lua-language-server has them), and
-- checks values against the types that they declare.
--
--   modules[name]    the texts of its files: those whose ---@meta names it
--   classes[name]    { name =, parents = { name }, fields = { [name] = { type =, optional = } },
--                      methods = { [name] = function }, calls = { "(options: T)" },
--                      bound = "module.X", where it is a class that scripts call, documented = }
--   functions[name]  { name =, params = { { name =, type =, optional = } }, returns = { type },
--                      documented = }; the name is "Class:method" or "module.f"
--   aliases[name]    a type

local annotations = {}

local ROOT <const> = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run them with 'make test'")

annotations.classes, annotations.functions, annotations.aliases = {}, {}, {}
annotations.modules = {}

---- Types, by descent through their text ----

local parse_union

local function skip_space(text, at)
  return text:match("^%s*()", at)
end

-- "{ a: T, b?: T }" or "fun(...): T": the end of what the bracket at `at` opens.
local function matching(text, at)
  return assert(text:match("^%b" .. (text:sub(at, at) == "(" and "()" or "{}") .. "()", at), text)
end

local function parse_record(text)
  local fields = {}
  local at = 1
  while text:find("%S", at) do
    local name, optional, from = text:match("^%s*([%w_]+)(%??):%s*()", at)
    assert(name, text)
    local type, next_at = parse_union(text, from)
    fields[name] = { type = type, optional = optional == "?" }
    at = text:match("^%s*,?()", next_at)
  end
  return { kind = "record", fields = fields }
end

local function parse_function(text, at)
  at = matching(text, at + 3)
  if text:find("^%s*:", at) then
    repeat
      local _
      _, at = parse_union(text, text:match("^%s*[:,]%s*()", at))
    until not text:find("^%s*,", at)
  end
  return { kind = "function" }, at
end

local function parse_primary(text, at)
  at = skip_space(text, at)
  local first = text:sub(at, at)
  if first == "(" then
    local type, behind = parse_union(text, at + 1)
    return type, assert(text:match("^%s*%)()", behind), text)
  elseif text:find("^fun%(", at) then
    return parse_function(text, at)
  elseif first == "{" then
    local behind = matching(text, at)
    return parse_record(text:sub(at + 1, behind - 2)), behind
  elseif first == '"' then
    local literal, behind = text:match('^"([^"]*)"()', at)
    return { kind = "literal", value = literal }, behind
  end
  local name, behind = text:match("^([%w_.]+)()", at)
  assert(name, "no type: " .. text)
  behind = text:match("^%b<>()", behind) or behind -- of table<K, V>: that it is a table
  return { kind = "name", name = name }, behind
end

local function parse_postfix(text, at)
  local type
  type, at = parse_primary(text, at)
  while true do
    if text:find("^%[%]", at) then
      type, at = { kind = "list", of = type }, at + 2
    elseif text:find("^%?", at) then
      type, at = { kind = "union", { kind = "name", name = "nil" }, type }, at + 1
    else
      return type, at
    end
  end
end

-- Returns the type and where what follows it begins.
function parse_union(text, at)
  local type
  type, at = parse_postfix(text, at or 1)
  while text:find("^|", at) do
    local other
    other, at = parse_postfix(text, at + 1)
    type = { kind = "union", type, other }
  end
  return type, at
end

---- Files ----

local function read_field(class, line)
  local name, optional, rest = line:match("^%-%-%-@field ([%w_]+)(%??) (.*)$")
  if name then
    class.fields[name] = { type = parse_union(rest), optional = optional == "?" }
  end
  local element = line:match("^%-%-%-@field %[integer%] (.*)$")
  if element then
    class.elements = parse_union(element)
  end
end

local function new_class(line)
  local name, parents = line:match("^%-%-%-@class ([%w_.]+):?(.*)$")
  local class = annotations.classes[name]
    or { name = name, parents = {}, fields = {}, methods = {}, calls = {} }
  for parent in parents:gmatch("[%w_.]+") do
    class.parents[#class.parents + 1] = parent
  end
  annotations.classes[name] = class
  return class
end

-- The alias that begins at a line: its type is on it, or on the lines that follow.
local function read_alias(lines, number)
  local name, rest = lines[number]:match("^%-%-%-@alias ([%w_.]+)%s*(.*)$")
  while lines[number + 1] and lines[number + 1]:find("^%-%-%-|") do
    number = number + 1
    rest = rest .. (rest == "" and "" or "|") .. lines[number]:match('^%-%-%-| ("[^"]*")')
  end
  annotations.aliases[name] = parse_union(rest)
end

local function read_function(lines, number)
  local f = { params = {}, returns = {}, documented = false }
  local first = number
  while lines[first - 1] and lines[first - 1]:find("^%-%-%-") do
    first = first - 1
  end
  for i = first, number - 1 do
    local name, optional, type = lines[i]:match("^%-%-%-@param ([%w_.]+)(%??) (.*)$")
    if name then
      local param = { name = name, type = parse_union(type), optional = optional == "?" }
      f.params[#f.params + 1] = param
    elseif lines[i]:find("^%-%-%-@return ") then
      f.returns[#f.returns + 1] = parse_union(lines[i]:match("^%-%-%-@return (.*)$"))
    elseif not lines[i]:find("^%-%-%-@") then
      f.documented = true
    end
  end
  return f
end

local function read_lines(lines)
  local class
  local locals = {} -- the class that a local variable stands for
  for number, line in ipairs(lines) do
    if line:find("^%-%-%-@class ") then
      class = new_class(line)
      class.documented = class.documented or lines[number - 1]:find("^%-%-%-[^-@]") ~= nil
    elseif line:find("^%-%-%-@alias ") then
      read_alias(lines, number)
    elseif class and line:find("^%-%-%-@field ") then
      read_field(class, line)
    elseif class and line:find("^%-%-%-@overload ") then
      class.calls[#class.calls + 1] = line:match("^%-%-%-@overload fun(%b())")
    end
    local variable = line:match("^local (%w+) = {}")
    if variable then
      locals[variable] = class
    elseif class and line:find("^[%w.]+ = {}") then
      class.bound = line:match("^[%w.]+")
    end
    local owner, separator, name = line:match("^function (%w+)([.:])([%w_]+)%(")
    if owner then
      local f = read_function(lines, number)
      f.is_method = separator == ":"
      f.name = owner .. separator .. name
      local owning = locals[owner]
      owning.methods[name] = f
      annotations.functions[f.name] = f
    end
  end
end

local function read_file(path)
  local file <close> = assert(io.open(ROOT .. "/lua/library/" .. path))
  local text = file:read("a")
  local name = assert(text:match("^%-%-%-@meta ([%w_.]+)\n"), path .. " begins with no ---@meta")
  annotations.modules[name] = annotations.modules[name] or {}
  table.insert(annotations.modules[name], text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  read_lines(lines)
end

local function read_all()
  local pipe = assert(io.popen(("cd '%s/lua/library' && find . -name '*.lua' | LC_ALL=C sort")
    :format(ROOT)))
  for path in pipe:lines() do
    read_file(path)
  end
  pipe:close()
end

read_all()

---- What a class has, with what it has from its parents ----

function annotations.fields_of(name)
  local class = assert(annotations.classes[name], name)
  local fields = {}
  for _, parent in ipairs(class.parents) do
    for field, what in pairs(annotations.fields_of(parent)) do
      fields[field] = what
    end
  end
  for field, what in pairs(class.fields) do
    fields[field] = what
  end
  return fields
end

-- The fields of a type that is a class or a record, maybe as one of several; else nil.
function annotations.fields_of_type(type)
  if type.kind == "record" then
    return type.fields
  elseif type.kind == "union" then
    return annotations.fields_of_type(type[1]) or annotations.fields_of_type(type[2])
  end
  return annotations.classes[type.name] and annotations.fields_of(type.name)
end

---- Values ----

local check

local BASIC <const> = {
  any = function() return true end,
  integer = function(value) return math.type(value) == "integer" end,
  number = function(value) return type(value) == "number" end,
  table = function(value) return type(value) == "table" end,
}

-- A plain table's fields: all that it has are declared, all that must be there are.
local function check_fields(value, fields, elements, where)
  for key, field_value in pairs(value) do
    local field = fields[key]
    if math.type(key) == "integer" and elements then
      check(field_value, elements, where .. "[]")
    elseif not field then
      error(("%s has %s, which is not declared"):format(where, tostring(key)), 0)
    else
      check(field_value, field.type, where .. "." .. key)
    end
  end
  for name, field in pairs(fields) do
    if value[name] == nil and not field.optional then
      error(("%s has no %s"):format(where, name), 0)
    end
  end
end

-- Objects cannot be listed: what is declared is asked of them.
local function check_object(value, class, where)
  for name, field in pairs(annotations.fields_of(class.name)) do
    local field_value = value[name]
    if field_value ~= nil then
      check(field_value, field.type, where .. "." .. name)
    elseif not field.optional then
      error(("%s has no %s"):format(where, name), 0)
    end
  end
  for name in pairs(class.methods) do
    assert(type(value[name]) == "function", where .. ":" .. name)
  end
end

local function check_class(value, class, where)
  if type(value) == "userdata" or next(class.methods) and getmetatable(value) then
    check_object(value, class, where)
  elseif type(value) == "table" then
    check_fields(value, annotations.fields_of(class.name), class.elements, where)
  else
    error(("%s is a %s and not a %s"):format(where, type(value), class.name), 0)
  end
end

local function check_name(value, name, where)
  if annotations.aliases[name] then
    check(value, annotations.aliases[name], where)
  elseif annotations.classes[name] then
    check_class(value, annotations.classes[name], where)
  else
    local fits = BASIC[name] or function(v) return type(v) == name end
    if not fits(value) then
      error(("%s is %s and not of type %s"):format(where, tostring(value), name), 0)
    end
  end
end

local CHECKS <const> = {
  name = function(value, type, where)
    check_name(value, type.name, where)
  end,
  literal = function(value, type, where)
    if value ~= type.value then
      error(("%s is %s and not %q"):format(where, tostring(value), type.value), 0)
    end
  end,
  list = function(value, list, where)
    if type(value) ~= "table" then
      error(where .. " is no list", 0)
    end
    for i, element in ipairs(value) do
      check(element, list.of, ("%s[%d]"):format(where, i))
    end
  end,
  union = function(value, union, where)
    if not pcall(check, value, union[1], where) then
      check(value, union[2], where)
    end
  end,
  record = function(value, record, where)
    if type(value) ~= "table" then
      error(where .. " is no table", 0)
    end
    check_fields(value, record.fields, nil, where)
  end,
  ["function"] = function(value, _, where)
    if type(value) ~= "function" then
      error(where .. " is no function", 0)
    end
  end,
}

-- Raises where the value is not of the type, naming what in it is not; `where` names the value.
function check(value, type, where)
  CHECKS[type.kind](value, type, where)
end

annotations.check_value = check

return annotations
