-- What a word at the prompt may become, by the text before it. Runs in a Lua state of its own, so
-- that nothing of the user's can get in its way; what it knows of the user's state it asks `look`:
--
--   look.keys(path)        names in the value of a path such as "dpl" or "a.b"; "" for the globals
--   look.type(path)        the name of its type, or nil
--   look.name(path)        "dpl.simulate", "dpl.timeline:gantt" where it is a function or class of
--                          dpl's, false where it is something else, nil where it is not known
--   look.modules()         names of modules that are there to be required
--   look.strategies()      names of strategies
--   look.files(directory)  names in it, those of directories with a "/" behind them

local annotations = require "dpl.annotations"

---- Reading the text ----

-- What is open where the text ends: a list of
--   { opener = "(" or "{", callee = path or nil, index =, key =, given = set of keys }
-- and, where it ends within a string, that: { text =, callee = path or nil }.

local scanner = {}

-- Over a comment or a long string, if one begins here; true where the text ends within it.
local function skip_long(reader, prefix)
  local _, last, level = reader.text:find("^" .. prefix .. "%[(=*)%[", reader.at)
  if not last then
    return false
  end
  local _, close = reader.text:find("]" .. level .. "]", last + 1, true)
  reader.at = close and close + 1 or #reader.text + 1
  reader.hidden = not close
  return true
end

local function skip_comment(reader)
  if reader.text:find("^%-%-", reader.at) and not skip_long(reader, "%-%-") then
    local close = reader.text:find("\n", reader.at, true)
    reader.at = close and close + 1 or #reader.text + 1
    reader.hidden = not close
  end
end

-- A string in quotes.
local function read_string(reader, quote)
  local first = reader.at + 1
  local i = first
  while i <= #reader.text do
    local c = reader.text:sub(i, i)
    if c == quote or c == "\n" then
      reader.at = i + 1
      reader.path, reader.link, reader.last = "?", nil, "string"
      return
    end
    i = i + (c == "\\" and 2 or 1)
  end
  reader.at = #reader.text + 1
  reader.string = { text = reader.text:sub(first), callee = reader.path }
end

-- A name, or a number: the path goes on behind "." and ":".
local function read_word(reader, word)
  local keyword = ("and break do else elseif end false for function goto if in local nil not or "
    .. "repeat return then true until while"):find("%f[%w]" .. word .. "%f[%W]")
  if keyword then
    reader.path, reader.link = nil, nil
  elseif reader.path and reader.link then
    reader.path = reader.path .. reader.link .. word
  else
    reader.path = word
  end
  reader.link, reader.last = nil, "word"
  reader.at = reader.at + #word
end

function scanner.open(reader, c)
  reader.stack[#reader.stack + 1] = { opener = c, callee = reader.path, index = 1, given = {} }
  reader.path = nil
end

function scanner.close(reader)
  reader.stack[#reader.stack] = nil
  reader.path = "?"
end

function scanner.separate(reader)
  local top = reader.stack[#reader.stack]
  if top then
    top.index, top.key = top.index + 1, nil
  end
  reader.path = nil
end

function scanner.assign(reader)
  local top = reader.stack[#reader.stack]
  if top and top.opener == "{" and reader.path then
    top.key = reader.path
    top.given[reader.path] = true
  end
  reader.path = nil
end

local actions = {
  ["("] = scanner.open, ["{"] = scanner.open, [")"] = scanner.close, ["}"] = scanner.close,
  [","] = scanner.separate, [";"] = scanner.separate,
  ["]"] = function(reader)
    reader.path = "?"
  end,
}

local function read_symbol(reader)
  local c = reader.text:sub(reader.at, reader.at)
  local previous, following = reader.text:sub(reader.at - 1, reader.at - 1),
    reader.text:sub(reader.at + 1, reader.at + 1)
  reader.at = reader.at + 1
  reader.last = c
  if c == "=" and following ~= "=" and not previous:find("[=<>~]") then
    scanner.assign(reader)
  elseif (c == "." or c == ":") and reader.path and following ~= "." and following ~= ":" then
    reader.link = c
  elseif actions[c] then
    actions[c](reader, c)
  else
    reader.path = nil
  end
end

local function read_piece(reader)
  local c = reader.text:sub(reader.at, reader.at)
  local word = reader.text:match("^[%w_]+", reader.at)
  if c:find("%s") then
    reader.at = reader.at + 1
  elseif reader.text:find("^%-%-", reader.at) then
    skip_comment(reader)
  elseif c == '"' or c == "'" then
    read_string(reader, c)
  elseif c == "[" and skip_long(reader, "") then
    reader.path, reader.link, reader.last = "?", nil, "string"
  elseif word then
    read_word(reader, word)
  else
    read_symbol(reader)
  end
end

local function scan(text)
  local reader = { text = text, at = 1, stack = {} }
  while reader.at <= #text do
    read_piece(reader)
  end
  return reader
end

---- What is expected there ----

-- The annotated functions that a path calls: the one that its value is, else all of that name.
local function entries_of(path, look)
  local all = annotations.all().functions
  local name = nil
  if not path:find("?", 1, true) then
    name = look.name(path)
  end
  if name ~= nil then
    local class, method = (name or ""):match("^(.*):([%w_]+)$")
    class = class and annotations.class_of_type(class)
    return { all[class and class .. ":" .. method or name or ""] }
  end
  local last, found = path:match("[%w_]+$"), {}
  for full, entry in pairs(all) do
    if full:match("[%w_]+$") == last then
      found[#found + 1] = entry
    end
  end
  table.sort(found, function(a, b)
    return a.name < b.name
  end)
  return found
end

local expected_in

-- The types that a frame itself may be of: of what is called, or where it stands in the one around.
local function types_of_frame(stack, level, look)
  local frame = stack[level]
  local types = {}
  if frame.callee then
    for _, entry in ipairs(entries_of(frame.callee, look)) do
      local parameter = entry.parameters[1]
      types[#types + 1] = parameter and parameter.type
    end
    return types
  end
  return level > 1 and expected_in(stack, level - 1, look) or types
end

-- Types of the next argument of a call.
local function types_of_argument(frame, look)
  local types = {}
  for _, entry in ipairs(frame.callee and entries_of(frame.callee, look) or {}) do
    local parameter = entry.parameters[frame.index]
    types[#types + 1] = parameter and parameter.type
    types.name = types.name or parameter and parameter.name
  end
  return types
end

-- Types of the value that stands next in a table.
local function types_of_member(stack, level, look)
  local frame, types = stack[level], {}
  for _, kind in ipairs(types_of_frame(stack, level, look)) do
    for _, part in ipairs(annotations.split(kind, "|")) do
      types[#types + 1] = not frame.key and part:match("^(.*)%[%]%??$") or nil
    end
    for _, field in ipairs(frame.key and annotations.fields(kind) or {}) do
      if field.name == frame.key then
        types[#types + 1] = field.type
      end
    end
  end
  return types
end

function expected_in(stack, level, look)
  local frame = stack[level]
  if frame.opener == "(" then
    return types_of_argument(frame, look)
  end
  return types_of_member(stack, level, look)
end

---- Candidates ----

local function add(found, text)
  if text then
    found[text] = true
  end
end

-- The strings that may stand where these types are expected, without their quotes.
local function strings_of(types, look)
  local found = {}
  for _, kind in ipairs(types) do
    for _, choice in ipairs(annotations.choices(kind)) do
      add(found, (choice:gsub('"', "")))
    end
    if kind:find("dpl.Strategy", 1, true) then
      for _, name in ipairs(look.strategies()) do
        add(found, name)
      end
    end
  end
  return found
end

-- The word is the end of a file's name where that has characters that are in no word.
local function files_of(text, word, look)
  local directory, name = text:match("^(.-)([^/]*)$")
  local found, kept = {}, #name - #word
  for _, file in ipairs(look.files(directory)) do
    if kept >= 0 and file:sub(1, kept) == name:sub(1, kept) then
      add(found, file:sub(kept + 1))
    end
  end
  return found
end

-- Of dpl's own modules those that are for others.
local function modules_of(look)
  local found = {}
  for _, name in ipairs(look.modules()) do
    add(found, not name:find("^dpl%.") and name ~= "_G" and name or nil)
  end
  for _, name in ipairs(annotations.all().modules) do
    add(found, name)
  end
  return found
end

local TAKES_FILE <const> = {
  dofile = true, loadfile = true, ["io.open"] = true, ["io.lines"] = true, path = true, file = true,
}

local function in_string(reader, word, look)
  local stack, callee = reader.stack, reader.string.callee
  local level = #stack
  if callee and callee ~= "?" then -- as in require "dpl"
    level = level + 1
    stack[level] = { opener = "(", callee = callee, index = 1, given = {} }
  end
  local top = stack[level]
  if not top then
    return {}
  end
  if top.opener == "(" and top.callee == "require" then
    return modules_of(look)
  end
  local types = expected_in(stack, level, look)
  local found = strings_of(types, look)
  if next(found) then
    return found
  end
  local takes_file = TAKES_FILE[types.name] or top.opener == "(" and TAKES_FILE[top.callee]
  return takes_file and files_of(reader.string.text, word, look) or found
end

-- The names of the fields that may come next in a table.
local function in_table(stack, look)
  local found, frame = {}, stack[#stack]
  for _, kind in ipairs(types_of_frame(stack, #stack, look)) do
    for _, field in ipairs(annotations.fields(kind)) do
      if not frame.given[field.name] then
        add(found, field.name .. " = ")
      end
    end
  end
  return found
end

-- Names behind "a.b." or "t:" in the word itself.
local function in_path(word, look)
  local owner, mark = word:match("^(.*)([.:])[%w_]*$")
  local found = {}
  for _, name in ipairs(look.keys(owner or "")) do
    add(found, name:find("^[%a_][%w_]*$") and (owner and owner .. mark or "") .. name or nil)
  end
  local class = mark == "." and annotations.class_of_type(look.type(owner))
  for _, field in ipairs(class and annotations.fields(class) or {}) do
    add(found, owner .. mark .. field.name)
  end
  return found
end

-- Values in quotes where a table's field or an argument is expected.
local function as_values(stack, look)
  local found = {}
  for text in pairs(strings_of(expected_in(stack, #stack, look), look)) do
    add(found, '"' .. text .. '"')
  end
  return found
end

local function candidates(before, word, look)
  local reader = scan(before)
  local top = reader.stack[#reader.stack]
  if reader.hidden then
    return {}
  end
  if reader.string then
    reader.string.text = reader.string.text .. word
    return in_string(reader, word, look)
  end
  local last = reader.last or ""
  if top and top.opener == "{" and last:find("^[{,;]$") then
    local found = in_table(reader.stack, look)
    if next(found) then
      return found
    end
  end
  local is_value = top and word == "" and last:find("^[{(,;=]$")
  local values = is_value and as_values(reader.stack, look) or {}
  return next(values) and values or in_path(word, look)
end

-- The texts, sorted, that the word may become behind the text before it.
return function(before, word, look)
  local list = {}
  for text in pairs(candidates(before, word, look)) do
    if text:sub(1, #word) == word and text ~= word then
      list[#list + 1] = text
    end
  end
  table.sort(list)
  return list
end
