-- A reader of JSON for tests, that knows nothing of dpl's own: small, slow and strict.

local json = {}

local value -- defined below, since values hold values

local function fail(text, at, what)
  error(("JSON at byte %d, %q: %s"):format(at, text:sub(at, at + 20), what), 0)
end

local function skip(text, at)
  return text:match("^[ \t\r\n]*()", at)
end

local function string_at(text, at)
  local raw, after = text:match('^"([^"\\%c]*)"()', at)
  if not raw then
    fail(text, at, "a string without escapes is wanted")
  end
  return raw, after
end

local function number_at(text, at)
  local raw, after = text:match("^(%-?%d+%.?%d*[eE]?[-+]?%d*)()", at)
  local number = raw and tonumber(raw)
  if not number or raw:find("^%-?0%d") or raw:find("%.$") or raw:find("%.[eE]") then
    fail(text, at, "a value is wanted")
  end
  return number, after
end

-- Members between brackets: `read` puts one into `into` and returns what is behind it.
local function members(text, at, closing, into, read)
  at = skip(text, at + 1)
  if text:sub(at, at) == closing then
    return into, at + 1
  end
  while true do
    at = skip(text, read(at, into))
    local next_one = text:sub(at, at)
    if next_one == closing then
      return into, at + 1
    elseif next_one ~= "," then
      fail(text, at, "',' or '" .. closing .. "' is wanted")
    end
    at = skip(text, at + 1)
  end
end

function value(text, at)
  local first = text:sub(at, at)
  if first == '"' then
    return string_at(text, at)
  elseif first == "[" then
    return members(text, at, "]", {}, function(place, list)
      local item, after = value(text, place)
      list[#list + 1] = item
      return after
    end)
  elseif first == "{" then
    return members(text, at, "}", {}, function(place, object)
      local name, after = string_at(text, place)
      after = skip(text, after)
      assert(text:sub(after, after) == ":", "':' is wanted")
      object[name], after = value(text, skip(text, after + 1))
      return after
    end)
  end
  return number_at(text, at)
end

-- The whole text as tables, strings and numbers; raises where it is no JSON of these.
function json.decode(text)
  local result, after = value(text, skip(text, 1))
  if skip(text, after) <= #text then
    fail(text, after, "more text behind the end")
  end
  return result
end

return json
