---@meta dpl.intervals

---Intervals of time: what they cover, alone and with others.
---@class dpl.intervals
local intervals = {}

---A piece of time.
---@class dpl.Interval
---@field start number
---@field finish number

---What any of the spans cover: intervals in rising order that neither overlap nor touch. Spans of
---dpl.Trace and events of timelines will do.
---@param spans dpl.Interval[]
---@return dpl.Interval[] union
function intervals.union(spans) end

---The time that a union covers, in the unit of its intervals.
---@param union dpl.Interval[]
---@return number
function intervals.total(union) end

---The time that two unions both cover.
---@param a dpl.Interval[]
---@param b dpl.Interval[]
---@return number
function intervals.shared(a, b) end

return intervals
