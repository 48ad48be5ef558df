-- What a profile says of one overlapped pair: how long it takes, how busy the streams are, how much
-- of the communication is hidden behind computation, and what kernels the time goes to; and what
-- DualPipe would make of it.

local dpl = require "dpl"
local arguments = require "dpl.arguments"
local intervals = require "dpl.intervals"

local SOURCE <const> = "https://github.com/deepseek-ai/profile-data"

-- Which kind a kernel is of: the first that one of its patterns occurs in, by its lower-case name.
local KINDS <const> = {
  { name = "communication", patterns = { "::ep::", "deep_ep", "nccl", "nvshmem" } },
  { name = "attention", patterns = { "flash", "fmha", "attn" } },
  { name = "casts, copies, transposes",
    patterns = { "cast", "copy", "memcpy", "memset", "transpose" } },
  { name = "matrix products", patterns = { "gemm", "cutlass", "cublas", "matmul" } },
  { name = "norms, activations", patterns = { "norm", "swiglu", "silu", "gelu", "softmax" } },
  { name = "other", patterns = { "" } },
}
local COMMUNICATION <const> = KINDS[1].name
local ON_GPU <const> = { "kernel", "gpu_memcpy", "gpu_memset" }

local parser = arguments.parser("profile_chunk.lua",
  "Reads a PyTorch-profiler trace of one overlapped forward and backward.")
  :epilog("The costs of the other actions cannot be seen in such a trace. Their defaults are those "
    .. "of scripts/deepseek_v3.lua, derived from arXiv 2505.09343, Table 4.\n\n"
    .. "example: dpl scripts/profile_chunk.lua train.json, DeepSeek's own, from\n" .. SOURCE)
parser:argument("trace", "the trace, JSON as it is or compressed with gzip"):argname("<file>")
parser:option("--gpu", "the GPU whose kernels are looked at (default: the first)")
  :argname("<n>"):convert(arguments.count("--gpu", 0))
parser:option("--communication", "its communication streams, with commas (default: those whose "
  .. "kernels communicate for more than half of their time)")
  :argname("<streams>"):convert(arguments.list("--communication"))
parser:option("--ranks", "ranks of the simulated pipeline", "16")
  :argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "its micro-batches", "120")
  :argname("<n>"):convert(arguments.count("--chunks"))
parser:option("--f", "forward, ms", "57.6"):argname("<ms>"):convert(arguments.number("--f"))
parser:option("--i", "input gradient, ms", "84.1"):argname("<ms>"):convert(arguments.number("--i"))
parser:option("--w", "weight gradient, ms", "41.7"):argname("<ms>"):convert(arguments.number("--w"))

---- What is in the trace ----

local function kind_of(name)
  local lower = name:lower()
  for _, kind in ipairs(KINDS) do
    for _, pattern in ipairs(kind.patterns) do
      if lower:find(pattern, 1, true) then
        return kind.name
      end
    end
  end
end

-- The spans of one GPU, by the start, each with its kind.
local function kernels_of(trace, gpu)
  local found = {}
  for _, category in ipairs(ON_GPU) do
    for span in trace:spans { category = category } do
      span.kind = kind_of(span.name)
      found[#found + 1] = span
    end
  end
  table.sort(found, function(a, b)
    return a.start < b.start
  end)
  gpu = gpu and tostring(gpu) or found[1] and found[1].process
  local own = {}
  for _, span in ipairs(found) do
    own[#own + 1] = span.process == gpu and span or nil
  end
  return own, gpu
end

-- The streams by name, in rising order: { name =, kernels =, busy = }.
local function streams_of(kernels)
  local streams, by_name = {}, {}
  for _, kernel in ipairs(kernels) do
    local stream = by_name[kernel.thread]
    if not stream then
      stream = { name = kernel.thread, kernels = {}, communicating = 0, sum = 0 }
      by_name[kernel.thread] = stream
      streams[#streams + 1] = stream
    end
    stream.kernels[#stream.kernels + 1] = kernel
    stream.sum = stream.sum + kernel.duration
    if kernel.kind == COMMUNICATION then
      stream.communicating = stream.communicating + kernel.duration
    end
  end
  table.sort(streams, function(a, b)
    return #a.name < #b.name or #a.name == #b.name and a.name < b.name
  end)
  for _, stream in ipairs(streams) do
    stream.busy = intervals.total(intervals.union(stream.kernels))
  end
  return streams
end

-- Says of each stream what it is for.
local function sort_streams(streams, chosen)
  for _, stream in ipairs(streams) do
    stream.communicates = 2 * stream.communicating > stream.sum
  end
  if not chosen then
    return
  end
  local by_name = {}
  for _, stream in ipairs(streams) do
    stream.communicates = false
    by_name[stream.name] = stream
  end
  for _, name in ipairs(chosen) do
    if not by_name[name] then
      error(("option '--communication': there is no stream %s in the trace"):format(name), 0)
    end
    by_name[name].communicates = true
  end
end

-- What the streams of one use cover together.
local function cover(streams, communicates)
  local kernels = {}
  for _, stream in ipairs(streams) do
    if stream.communicates == communicates then
      table.move(stream.kernels, 1, #stream.kernels, #kernels + 1, kernels)
    end
  end
  return intervals.union(kernels)
end

---- What is printed; times in milliseconds ----

local function print_streams(streams, span)
  print(("\n%-32s %10s %10s %10s"):format("stream", "kernels", "busy, ms", "of span"))
  for _, stream in ipairs(streams) do
    print(("%-32s %10d %10.1f %8.1f %%"):format(
      stream.name .. (stream.communicates and " (communication)" or " (compute)"),
      #stream.kernels, stream.busy / 1000, 100 * stream.busy / span))
  end
end

local function print_hidden(streams, span)
  local compute, communication = cover(streams, false), cover(streams, true)
  local busy, shared = intervals.total(communication), intervals.shared(compute, communication)
  print(("%-43s %10.1f %8.1f %%"):format("compute streams together",
    intervals.total(compute) / 1000, 100 * intervals.total(compute) / span))
  if busy == 0 then
    print("\nNo stream communicates.")
    return
  end
  print(("\nOf %.1f ms of communication %.1f ms (%.1f %%) are hidden behind computation; "
    .. "%.1f ms are not."):format(busy / 1000, shared / 1000, 100 * shared / busy,
    (busy - shared) / 1000))
end

local function print_kinds(kernels)
  local sums, counts, total = {}, {}, 0
  for _, kernel in ipairs(kernels) do
    sums[kernel.kind] = (sums[kernel.kind] or 0) + kernel.duration
    counts[kernel.kind] = (counts[kernel.kind] or 0) + 1
    total = total + kernel.duration
  end
  print(("\n%-32s %10s %10s %10s"):format("kind of kernel", "kernels", "ms", "share"))
  for _, kind in ipairs(KINDS) do
    if sums[kind.name] then
      print(("%-32s %10d %10.1f %8.1f %%"):format(kind.name, counts[kind.name],
        sums[kind.name] / 1000, 100 * sums[kind.name] / total))
    end
  end
end

local function print_simulation(args, pair)
  local schedule = dpl.schedule("dualpipe", { num_ranks = args.ranks, num_chunks = args.chunks })
  local apart = args.f + args.i + args.w
  print(("\nDualPipe on %d ranks, %d micro-batches; F, I, W = %g, %g, %g ms, p2p = 0"):format(
    args.ranks, args.chunks, args.f, args.i, args.w))
  print(("%-32s %10s %10s %10s"):format("the pair", "ms", "in all, s", "bubble"))
  for _, row in ipairs { { "as in the trace", pair }, { "without overlap: F + B", apart } } do
    local t <close> = assert(dpl.simulate(schedule, {
      F = args.f, I = args.i, W = args.w, FB = row[2],
    }))
    print(("%-32s %10.1f %10.2f %8.1f %%"):format(row[1], row[2], t.makespan / 1000,
      100 * t.bubble_ratio))
  end
end

local function main(args)
  local trace, message = dpl.read_trace(args.trace)
  if not trace then
    error(message .. "; DeepSeek's own profile, train.json, is at " .. SOURCE, 0)
  end
  local kernels, gpu = kernels_of(trace, args.gpu)
  if #kernels == 0 then
    error(("there are no kernels%s in '%s'"):format(
      args.gpu and " of GPU " .. args.gpu or "", args.trace), 0)
  end
  local finish = 0
  for _, kernel in ipairs(kernels) do
    finish = math.max(finish, kernel.finish)
  end
  local span = finish - kernels[1].start
  local streams = streams_of(kernels)
  sort_streams(streams, args.communication)
  print(("%d spans, of which %d are kernels of GPU %s."):format(#trace, #kernels, gpu))
  print(("The pair takes %.1f ms, from the first kernel's start to the last one's end."):format(
    span / 1000))
  print_streams(streams, span)
  print_hidden(streams, span)
  print_kinds(kernels)
  print_simulation(args, span / 1000)
end

arguments.try(parser, main, parser:parse())
