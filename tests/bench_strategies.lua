-- How fast strategies written in Lua are made, 1F1B in every form, beside the library's own; the
-- schedule is checked and planned in every case. "make bench" runs it.

local dpl = require "dpl"

local RANKS <const>, CHUNKS <const>, TIMES <const> = 64, 8192, 7

dpl.strategy("text", {
  order = function(rank, options)
    local warm_up = options.num_ranks - 1 - rank
    local steady = options.num_chunks - warm_up
    return ("F0..%d [F%d B0]*%d B%d..%d"):format(warm_up - 1, warm_up, steady, steady,
      options.num_chunks - 1)
  end,
})

dpl.strategy("builder", {
  order = function(rank, options, o)
    local warm_up = options.num_ranks - 1 - rank
    for chunk = 0, warm_up - 1 do
      o:F(chunk)
    end
    for chunk = warm_up, options.num_chunks - 1 do
      o:F(chunk)
      o:B(chunk - warm_up)
    end
    for chunk = options.num_chunks - warm_up, options.num_chunks - 1 do
      o:B(chunk)
    end
  end,
})

dpl.strategy("choose", {
  choose = function(rank, ready, state)
    if ready.B then
      return ready.B
    elseif state:held() < state.num_ranks - rank then
      return ready.F
    end
  end,
})

dpl.strategy("block", {
  block = function(options)
    local block = { interval = 2, F = {}, B = {} }
    for stage = 1, options.num_ranks do
      block.F[stage] = stage - 1
      block.B[stage] = 2 * options.num_ranks - stage
    end
    return block
  end,
})

local function median(f)
  local times = {}
  for i = 1, TIMES do
    collectgarbage()
    local begin = os.clock()
    f()
    times[i] = os.clock() - begin
  end
  table.sort(times)
  return times[TIMES // 2 + 1]
end

print(("\nStrategies in Lua, %d ranks x %d chunks, 1F1B: median of %d.\n"):format(RANKS, CHUNKS,
  TIMES))
print("form          actions      ms   M actions/s")
for _, name in ipairs { "1f1b", "block", "text", "builder", "choose" } do
  local size = { num_ranks = RANKS, num_chunks = CHUNKS }
  local seconds = median(function() dpl.schedule(name, size) end)
  local actions = #dpl.schedule(name, size)
  print(("%-10s%11d%8.0f%14.1f"):format(name, actions, 1e3 * seconds, actions / seconds / 1e6))
end
