-- Draws every strategy on the same problem: an SVG for each, and a page that shows them all, best
-- first.

local dpl = require "dpl"
local arguments = require "dpl.arguments"

local parser = arguments.parser("gallery.lua",
  "Writes a drawing of every strategy, and index.html, which shows them best first.")
  :epilog("Costs are times of a rank's whole share of the model, in any unit, so that all "
    .. "strategies have the same work.\n\nexample: dpl scripts/gallery.lua --out gallery --p2p 0.1")
parser:option("--out", "directory, made where there is none", "gallery"):argname("<directory>")
parser:option("--ranks", "number of ranks", "4"):argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "number of micro-batches", "8")
  :argname("<n>"):convert(arguments.count("--chunks"))
parser:option("--f", "forward", "1"):argname("<time>"):convert(arguments.number("--f"))
parser:option("--b", "full backward", "2"):argname("<time>"):convert(arguments.number("--b"))
parser:option("--w", "weight gradient", "1"):argname("<time>"):convert(arguments.number("--w"))
parser:option("--p2p", "transfer between two ranks", "0")
  :argname("<time>"):convert(arguments.number("--p2p"))
parser:option("--palette", "as DualPipe's figures, or safe for the colour-blind", "dualpipe")
  :choices { "dualpipe", "safe" }
parser:flag("--memory", "draw the activations held under each rank")

-- The timeline of a strategy; or nil and why there is none.
local function simulate(args, name)
  local simulator = require "dpl.simulator".ScheduleSimulator {
    num_ranks = args.ranks, num_chunks = args.chunks, F = args.f, B = args.b, W = args.w,
    p2p = args.p2p,
  }
  local ok, timeline, message = pcall(simulator.simulate, simulator, name)
  if not ok then
    return nil, (tostring(timeline):gsub("^[^:]*:%d+: ", ""))
  end
  return timeline, message
end

local function draw_all(args)
  local drawn, skipped = {}, {}
  for _, name in ipairs(dpl.strategies()) do
    local timeline, message = simulate(args, name)
    if timeline then
      local file = name .. ".svg"
      assert(timeline:write_svg(args.out .. "/" .. file,
        { title = name, palette = args.palette, memory = args.memory }))
      drawn[#drawn + 1] = { name = name, file = file, makespan = timeline.makespan,
        bubble = timeline.bubble_ratio, peak = math.max(table.unpack(timeline.peak_share)) }
    else
      skipped[#skipped + 1] = { name = name, reason = message }
    end
  end
  table.sort(drawn, function(a, b)
    if a.makespan ~= b.makespan then
      return a.makespan < b.makespan
    end
    return a.name < b.name
  end)
  return drawn, skipped
end

local PAGE <const> = [[
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Pipeline schedules</title>
<style>
  body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 1240px; padding: 0 1em }
  img { max-width: 100%% }
</style>
<h1>Pipeline schedules</h1>
<p>%d ranks, %d micro-batches; F = %g, B = %g, W = %g of a rank's share of the model, p2p = %g.
Bubble: idle / (ranks x makespan). Peak: most activations on any rank, in a rank's share for one
micro-batch.</p>
%s
</html>
]]

local function page_of(args, drawn, skipped)
  local parts = {}
  for _, row in ipairs(drawn) do
    parts[#parts + 1] = ('<h2 id="%s">%s</h2>\n<p>%s. Makespan %g, bubble %.1f %%, peak %g.</p>\n'
      .. '<p><a href="%s"><img src="%s" alt="Schedule of %s"></a></p>'):format(row.name, row.name,
      dpl.describe(row.name).summary, row.makespan, 100 * row.bubble, row.peak, row.file, row.file,
      row.name)
  end
  for _, row in ipairs(skipped) do
    local reason = row.reason:gsub("[<>&]", { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;" })
    parts[#parts + 1] = ("<p>Not drawn: %s.</p>"):format(reason)
  end
  return PAGE:format(args.ranks, args.chunks, args.f, args.b, args.w, args.p2p,
    table.concat(parts, "\n"))
end

-- Written beside its name, which it gets once it is whole.
local function write(path, text)
  local part = path .. ".part"
  local file = assert(io.open(part, "w"))
  local done, message = file:write(text)
  done = file:close() and done
  if not (done and os.rename(part, path)) then
    os.remove(part)
    error(("cannot write '%s': %s"):format(path, message or "the disk may be full"), 0)
  end
end

local function run(args)
  os.execute(("mkdir -p '%s'"):format((args.out:gsub("'", "'\\''"))))
  local drawn, skipped = draw_all(args)
  write(args.out .. "/index.html", page_of(args, drawn, skipped))
  print(("%d drawings and %s/index.html"):format(#drawn, args.out))
  for _, row in ipairs(skipped) do
    print(("not drawn: %s"):format(row.reason))
  end
end

local args = parser:parse()
arguments.try(parser, run, args)
