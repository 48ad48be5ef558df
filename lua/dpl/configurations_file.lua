-- Results of a search as CSV and JSON, and as a file from which a search goes on.

local json = require "dpl.json"
local layouts = require "dpl.layouts"
local options = require "dpl.options"
local write_file = require "dpl.write_file"

local file = {}

local OWNER <const> = "ConfigurationSearch"

---- JSON ----

local encode

local function is_list(value)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  return count == #value and count > 0
end

local function encode_object(value)
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = ("%s:%s"):format(encode(key), encode(value[key]))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_list(value)
  local parts = {}
  for i, each in ipairs(value) do
    parts[i] = encode(each)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    return "null"
  end
  return math.type(value) == "integer" and ("%d"):format(value) or ("%.17g"):format(value)
end

local ESCAPES <const> = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n", ["\t"] = "\\t" }

local function encode_text(value)
  return '"' .. value:gsub('[%c\\"]', function(c)
    return ESCAPES[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

-- Keys are sorted, so that equal values give equal texts.
function encode(value)
  if type(value) == "table" then
    return is_list(value) and encode_list(value) or encode_object(value)
  elseif type(value) == "number" then
    return encode_number(value)
  elseif type(value) == "string" then
    return encode_text(value)
  end
  return tostring(value)
end

file.encode = encode

---- Rows ----

-- Columns of a row, layout first.
local COLUMNS <const> = { "strategy", "stages_per_rank", "gpus" }
for i = 3, #layouts.axes do
  COLUMNS[#COLUMNS + 1] = layouts.axes[i]
end
for _, name in ipairs { "data_parallel", "global_batch", "num_chunks", "step_time",
    "samples_per_second", "tokens_per_second", "tflops_per_gpu", "mfu", "hfu", "gpu_hours", "price",
    "pipeline", "bubble_ratio", "data_exposed", "optimizer", "worst_rank", "worst_bytes",
    "index" } do
  COLUMNS[#COLUMNS + 1] = name
end

local function cell(value)
  if value == nil then
    return ""
  end
  return type(value) == "number" and encode_number(value) or tostring(value)
end

-- Lines of a table; `set` says whether a row is of the best or of the front.
function file.csv(best, front)
  local lines = { "set," .. table.concat(COLUMNS, ",") }
  for _, set in ipairs { { "best", best }, { "front", front or {} } } do
    for _, row in ipairs(set[2]) do
      local cells = { set[1] }
      for _, name in ipairs(COLUMNS) do
        cells[#cells + 1] = cell(row[name])
      end
      lines[#lines + 1] = table.concat(cells, ",")
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---- States ----

local function is_csv(path)
  return path:sub(-4) == ".csv"
end

function file.check_path(path, name)
  if type(path) ~= "string" or not (is_csv(path) or path:sub(-5) == ".json") then
    options.fail("%s: %s must be the path of a .csv or .json file (got %s)", OWNER, name,
      tostring(path))
  end
end

-- Writes a state, in CSV as a first line that begins with "# ".
function file.write_state(path, state, best, front)
  local text = encode(state)
  if is_csv(path) then
    text = "# " .. text .. "\n" .. file.csv(best, front)
  end
  return write_file(OWNER, path, { text })
end

local function read_text(path)
  local handle = io.open(path, "rb")
  if handle == nil then
    return nil
  end
  local text = handle:read("a")
  handle:close()
  return text
end

-- What of two spaces differs, as a text, or nil.
local function difference(old, new)
  local names, parts = {}, {}
  for _, from in ipairs { old, new } do
    for name in pairs(from) do
      names[name] = true
    end
  end
  local sorted = {}
  for name in pairs(names) do
    sorted[#sorted + 1] = name
  end
  table.sort(sorted)
  for _, name in ipairs(sorted) do
    if old[name] ~= new[name] then
      parts[#parts + 1] = ("%s is %s there and %s here"):format(name, old[name] or "not given",
        new[name] or "not given")
    end
  end
  return #parts > 0 and table.concat(parts, "; ") or nil
end

-- The state in a file, nil where there is no file; raises where it is of another space, or none.
function file.read_state(path, signature)
  local text = read_text(path)
  if text == nil or text == "" then
    return nil
  end
  local kept = is_csv(path) and (text:match("^# ([^\n]*)") or "") or text
  local state = json.read(OWNER, { text = kept })
  if type(state) ~= "table" or type(state.space) ~= "table" or type(state.done) ~= "table" then
    options.fail("%s: resume: '%s' is no file that a search wrote: name another, or remove it",
      OWNER, path)
  end
  local differs = difference(state.space, signature)
  if differs then
    options.fail("%s: resume: '%s' is of another search: %s. Name another file, or remove it",
      OWNER, path, differs)
  end
  return state
end

return file
