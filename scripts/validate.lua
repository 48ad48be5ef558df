-- Every published measurement that dpl knows beside what dpl predicts, and how far off that is.

local arguments = require "dpl.arguments"
local measured = require "dpl.measured"
local validation = require "dpl.validation"

local parser = arguments.parser("validate.lua",
  "Prints published measurements beside dpl's predictions, a table for each source and kind, then "
    .. "mean and worst error beside the target.")
  :epilog("The exit status is 1 where a target is missed.\n\n"
    .. "example: dpl scripts/validate.lua --source korthikanti")
parser:option("--source", "only this source"):argname("<name>")
parser:flag("--csv", "print rows as comma-separated values, and nothing else")
parser:flag("--summary", "print the last table alone")

local args = parser:parse()

local PAGE <const> = 98

-- Words in lines of a page, those after the first indented.
local function print_wrapped(text, indent)
  local line = ""
  for word in text:gmatch("%S+") do
    if line ~= "" and utf8.len(line) + utf8.len(word) + 1 > PAGE then
      print(line)
      line = indent .. word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  print(line)
end

local function percent(share)
  return share and ("%.2f %%"):format(100 * share) or "-"
end

local function remark(row)
  return row.refused and "no figure: " .. row.refused
    or row.calibration and "calibration, not scored"
    or row.outside or row.within == false and "differs" or ""
end

-- A longer name has a line of its own, above its figures.
local LONGEST_NAME <const> = 56

local function print_rows(made)
  local width = 0
  for _, row in ipairs(made.rows) do
    width = math.max(width, math.min(utf8.len(row.name), LONGEST_NAME))
  end
  local layout = "%-" .. width .. "s  %10s  %10s  %8s  %s"
  print((layout:format("row", "measured", "predicted", "error", "unit")))
  for _, row in ipairs(made.rows) do
    local predicted = row.predicted and ("%.4g"):format(row.predicted) or "-"
    local error = row.error and ("%+.2f %%"):format(100 * row.error) or "-"
    local name = row.name
    if utf8.len(name) > LONGEST_NAME then
      print(name)
      name = ""
    end
    local text = layout:format(name, ("%.4g"):format(row.measured), predicted, error,
      ("%-8s"):format(row.unit))
    local said = remark(row)
    if utf8.len(text) + utf8.len(said) + 1 <= PAGE then
      print(((text .. " " .. said):gsub(" +$", "")))
    else
      print((text:gsub(" +$", "")))
      print_wrapped("    " .. said, "    ")
    end
  end
end

local function target_text(made)
  if not made.target then
    return "none"
  elseif made.kind == "arithmetic" then
    return "0.5 %, or the printed digits"
  end
  local worst = made.target[2] and (", worst %g %%"):format(100 * made.target[2]) or ""
  return ("mean %g %%"):format(100 * made.target[1]) .. worst
end

local function verdict(made)
  return made.missed and "MISSED" or made.target and "met" or ""
end

local function print_table(made)
  print(("\n%s: %s"):format(made.title, made.what))
  print_rows(made)
  if made.note then
    print_wrapped("note: " .. made.note, "  ")
  end
  print(("mean %s, worst %s of %d; target: %s%s"):format(percent(made.mean), percent(made.worst),
    made.count, target_text(made), verdict(made) ~= "" and ": " .. verdict(made) or ""))
end

local function print_source(source, tables)
  print(("\n== %s (%s)"):format(source.title, source.name))
  print_wrapped("source: " .. source.source, "  ")
  if source.note then
    print_wrapped("note: " .. source.note, "  ")
  end
  for _, left in ipairs(source.left_out) do
    print_wrapped(("left out: %s: %s"):format(left.what, left.why), "  ")
  end
  for _, made in ipairs(tables) do
    print_table(made)
  end
end

local function quoted(text)
  return '"' .. tostring(text):gsub('"', '""') .. '"'
end

local function print_csv(made)
  for _, row in ipairs(made.rows) do
    print(table.concat({
      made.source, made.kind, quoted(row.name), row.unit, ("%.9g"):format(row.measured),
      row.predicted and ("%.9g"):format(row.predicted) or "",
      row.error and ("%.6f"):format(row.error) or "", quoted(remark(row)),
    }, ","))
  end
end

local function print_summary(tables)
  print(("%-26s  %-10s  %4s  %8s  %8s  %s"):format("source", "kind", "rows", "mean", "worst",
    "target"))
  for _, made in ipairs(tables) do
    local text = ("%-26s  %-10s  %4d  %8s  %8s  %-28s  %s"):format(made.source, made.kind,
      made.count, percent(made.mean), percent(made.worst), target_text(made), verdict(made))
    print((text:gsub(" +$", "")))
  end
end

local function chosen_sources()
  local all, names, chosen = measured.sources(), {}, {}
  for i, source in ipairs(all) do
    names[i] = source.name
    if not args.source or args.source == source.name then
      chosen[#chosen + 1] = source
    end
  end
  if #chosen == 0 then
    local nearest = require("dpl.nearest")(args.source, names)
    parser:error(("unknown source '%s'%s"):format(args.source,
      nearest and (" (did you mean '%s'?)"):format(nearest)
        or "; there are " .. table.concat(names, ", ")))
  end
  return chosen
end

-- All tables of the sources, printed as they are made.
local function make(sources)
  local all = {}
  for _, source in ipairs(sources) do
    local tables = validation.tables(source)
    if args.csv then
      for _, made in ipairs(tables) do
        print_csv(made)
      end
    elseif not args.summary then
      print_source(source, tables)
    end
    table.move(tables, 1, #tables, #all + 1, all)
  end
  return all
end

local function count_missed(tables)
  local missed = 0
  for _, made in ipairs(tables) do
    missed = missed + (made.missed and 1 or 0)
  end
  return missed
end

local function conclude(tables, missed)
  if not args.summary then
    print("\n== summary (target: of the mean and the worst error)")
  end
  print_summary(tables)
  for _, left in ipairs(args.source and {} or measured.left_out) do
    print(("left out: %s: %s"):format(left.what, left.why))
  end
  print(missed == 0 and "every target is met"
    or ("%d target%s MISSED"):format(missed, missed == 1 and "" or "s"))
end

if args.csv then
  print("source,kind,row,unit,measured,predicted,error,remark")
end
local tables = make(chosen_sources())
local missed = count_missed(tables)
if not args.csv then
  conclude(tables, missed)
end
os.exit(missed == 0 and 0 or 1, true)
