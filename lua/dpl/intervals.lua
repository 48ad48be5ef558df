-- Sets of time, as lists of { start =, finish = }: what spans cover, and what two lists share.

local intervals = {}

-- What any of the spans cover: intervals in rising order that neither overlap nor touch.
function intervals.union(spans)
  local sorted = table.move(spans, 1, #spans, 1, {})
  table.sort(sorted, function(a, b)
    return a.start < b.start
  end)
  local union = {}
  for _, span in ipairs(sorted) do
    local last = union[#union]
    if last and span.start <= last.finish then
      last.finish = math.max(last.finish, span.finish)
    else
      union[#union + 1] = { start = span.start, finish = span.finish }
    end
  end
  return union
end

-- The time that a union covers.
function intervals.total(union)
  local sum = 0
  for _, interval in ipairs(union) do
    sum = sum + interval.finish - interval.start
  end
  return sum
end

-- The time that two unions both cover.
function intervals.shared(a, b)
  local sum, i, j = 0, 1, 1
  while a[i] and b[j] do
    local start = math.max(a[i].start, b[j].start)
    local finish = math.min(a[i].finish, b[j].finish)
    sum = sum + math.max(0, finish - start)
    if a[i].finish < b[j].finish then
      i = i + 1
    else
      j = j + 1
    end
  end
  return sum
end

return intervals
