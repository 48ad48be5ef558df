-- Command lines of scripts: argparse, with mistakes reported as dpl itself reports them (one line
-- and the usage on standard error, exit status 2) and with values checked for what they stand for.
--
--   local arguments = require "dpl.arguments"
--   local parser = arguments.parser("study.lua", "What the study shows.")
--   parser:option("--ranks", "number of ranks"):default("8"):convert(arguments.count("--ranks"))
--   local args = parser:parse()

local argparse = require "argparse"

local arguments = {}

local MOST_COUNT <const> = 2147483647

local function usage_error(parser, message)
  local one_line = message:gsub("\nDid you mean (.*)%?$", " (did you mean %1?)"):gsub("\n", " ")
  io.stderr:write(("%s: %s\n%s\nTry '%s --help' for the options.\n"):format(
    parser:get_name(), one_line, parser:get_usage(), parser:get_name()))
  os.exit(2, true)
end

-- argparse takes "-1" for an option; joined to the long option before it, it is that one's value.
local function join_negatives(given)
  local joined = {}
  for _, text in ipairs(given) do
    local last = joined[#joined]
    if text:find("^%-%.?%d") and last and last:find("^%-%-[%w_-]+$") then
      joined[#joined] = last .. "=" .. text
    else
      joined[#joined + 1] = text
    end
  end
  return joined
end

-- A parser of argparse for the script `name`.
function arguments.parser(name, description)
  local parser = argparse(name, description):help_max_width(100):usage_max_width(100)
  parser.error = usage_error
  parser.get_name = function()
    return name
  end
  local parse = parser.parse
  function parser:parse(given)
    return parse(self, join_negatives(given or _G.arg))
  end
  return parser
end

local function is_number(value)
  return value and value == value and math.abs(value) < math.huge
end

local function refusal(option, rule, text)
  return nil, ("option '%s' must be %s (got '%s')"):format(option, rule, text)
end

-- Converts text to a whole number, at least `least` (1).
function arguments.count(option, least)
  least = least or 1
  return function(text)
    local value = tonumber(text)
    if is_number(value) and value % 1 == 0 and value >= least and value <= MOST_COUNT then
      return math.tointeger(value)
    end
    return refusal(option, ("a whole number from %d to %d"):format(least, MOST_COUNT), text)
  end
end

local function number_converter(option, rule, is_allowed)
  return function(text)
    local value = tonumber(text)
    if is_number(value) and is_allowed(value) then
      return value
    end
    return refusal(option, rule, text)
  end
end

-- Converts text to a finite number, at least 0.
function arguments.number(option)
  return number_converter(option, "a finite number, at least 0", function(value)
    return value >= 0
  end)
end

-- Converts text to a finite number above 0.
function arguments.positive(option)
  return number_converter(option, "a finite number above 0", function(value)
    return value > 0
  end)
end

local function split(text)
  local parts = {}
  for part in (text .. ","):gmatch("([^,]*),") do
    parts[#parts + 1] = part
  end
  return parts
end

-- Converts text to a number, or with commas to a list of numbers: one for each part of the model.
function arguments.cost(option)
  local number = arguments.number(option)
  return function(text)
    local list = {}
    for i, part in ipairs(split(text)) do
      list[i] = number(part)
      if not list[i] then
        return refusal(option, "a finite number, at least 0, or such numbers with commas", text)
      end
    end
    return #list == 1 and list[1] or list
  end
end

-- Converts "a,b" to a list of texts.
function arguments.list(option)
  return function(text)
    local parts = split(text)
    for _, part in ipairs(parts) do
      if part == "" then
        return refusal(option, "names with commas between them", text)
      end
    end
    return parts
  end
end

-- Adds --plot to a parser; what: what it draws. The file is args.plot, for arguments.plot.
function arguments.plot_option(parser, what)
  parser:option("--plot", ("draw %s: a .svg, .png or .csv file, or - for text here"):format(what))
    :argname("<file>"):convert(function(text)
      if text == "-" or text:find("%.svg$") or text:find("%.png$") or text:find("%.csv$") then
        return text
      end
      return refusal("--plot", "a name that ends in .svg, .png or .csv, or -", text)
    end)
end

-- Draws a chart of dpl.chart where --plot says; raises where it cannot.
function arguments.plot(path, chart)
  local done, message
  if path == "-" then
    done, message = chart:text()
  else
    done, message = chart:write(path)
  end
  if not done then
    error(message, 0)
  elseif path == "-" then
    print("\n" .. done)
  end
end

-- Calls f(...), in which a raised error is the fault of what the command line asked for.
function arguments.try(parser, f, ...)
  local results = table.pack(pcall(f, ...))
  if not results[1] then
    parser:error((tostring(results[2]):gsub("^[^:]+:%d+: ", "")))
  end
  return table.unpack(results, 2, results.n)
end

return arguments
