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

local function percent(share)
  return share and ("%.2f %%"):format(100 * share) or "-"
end

local function remark(row)
  return row.refused and "no figure: " .. row.refused
    or row.calibration and "calibration, not scored"
    or row.outside or row.within == false and "MISSED" or ""
end

local function print_rows(made)
  local width = 0
  for _, row in ipairs(made.rows) do
    width = math.max(width, utf8.len(row.name))
  end
  local layout = "%-" .. width .. "s  %10s  %10s  %8s  %s"
  print((layout:format("row", "measured", "predicted", "error", "unit")))
  for _, row in ipairs(made.rows) do
    local predicted = row.predicted and ("%.4g"):format(row.predicted) or "-"
    local error = row.error and ("%+.2f %%"):format(100 * row.error) or "-"
    local text = layout:format(row.name, ("%.4g"):format(row.measured), predicted, error,
      ("%-8s %s"):format(row.unit, remark(row)))
    print((text:gsub(" +$", "")))
  end
end

local function target_text(made)
  if made.kind == "arithmetic" then
    return "0.5 %, or the printed digits"
  elseif not made.target then
    return "none"
  end
  local worst = made.target[2] and (", worst %g %%"):format(100 * made.target[2]) or ""
  return ("mean %g %%"):format(100 * made.target[1]) .. worst
end

local function verdict(made)
  return made.missed and "MISSED" or (made.target or made.kind == "arithmetic") and "met" or ""
end

local function print_table(made)
  print(("\n%s: %s"):format(made.title, made.what))
  print_rows(made)
  print(("mean %s, worst %s of %d; target: %s%s"):format(percent(made.mean), percent(made.worst),
    made.count, target_text(made), verdict(made) ~= "" and ": " .. verdict(made) or ""))
end

local function print_source(source, tables)
  print(("\n== %s (%s)"):format(source.title, source.name))
  print("source: " .. source.source)
  if source.note then
    print("note: " .. source.note)
  end
  for _, left in ipairs(source.left_out) do
    print(("left out: %s: %s"):format(left.what, left.why))
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
  print(("%-26s  %-10s  %4s  %8s  %8s  %-28s  %s"):format("source", "kind", "rows", "mean",
    "worst", "target", ""))
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

local sources, all, missed = chosen_sources(), {}, 0
if args.csv then
  print("source,kind,row,unit,measured,predicted,error,remark")
end
for _, source in ipairs(sources) do
  local tables = validation.tables(source)
  if args.csv then
    for _, made in ipairs(tables) do
      print_csv(made)
    end
  elseif not args.summary then
    print_source(source, tables)
  end
  for _, made in ipairs(tables) do
    all[#all + 1] = made
    missed = missed + (made.missed and 1 or 0)
  end
end
if not args.csv then
  if not args.summary then
    print("\n== summary (target: of the mean and the worst error)")
  end
  print_summary(all)
  for _, left in ipairs(args.source and {} or measured.left_out) do
    print(("left out: %s: %s"):format(left.what, left.why))
  end
  print(missed == 0 and "every target is met" or ("%d targets MISSED"):format(missed))
end
os.exit(missed == 0 and 0 or 1, true)
