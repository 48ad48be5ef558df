---@meta dpl
-- Annotations of the module dpl, continued: schedules that were recorded elsewhere.

---@class dpl
local dpl = {}

---Reads a trace in the Trace Event Format, as the PyTorch profiler writes it: JSON as it is, or
---compressed with gzip, which is then run. Only spans are kept: complete events, of phase "X".
---Returns nil, message, code: "FILE" where the file cannot be read or gzip is missing, "INVALID",
---with the line, where it is no trace.
---@param path string
---@return dpl.Trace? trace
---@return string? message
---@return dpl.Code? code
function dpl.read_trace(path) end

---What a profiler measured. `#trace` is the number of spans. It may be closed early with <close>.
---@class dpl.Trace
---@field num_events integer events of all phases
---@field origin integer start of the first span, in nanoseconds of the trace's clock
---@operator len: integer
local Trace = {}

---Which spans are wanted.
---@class dpl.SpanFilter
---@field name? string
---@field category? string "kernel", "cpu_op", "user_annotation" and so on
---@field process? string|integer
---@field thread? string|integer

---Iterates over the spans that have all that the filter names, by their starts, then as in the file.
---@param filter? dpl.SpanFilter
---@return fun(): dpl.Span?
function Trace:spans(filter) end

---Times are in microseconds since the trace's origin; texts are "" where the trace has none.
---@class dpl.Span
---@field name string
---@field category string
---@field process string the pid as text; of kernels, the GPU
---@field thread string the tid as text; of kernels, the stream
---@field start number
---@field finish number
---@field duration number

---What recognizing goes by.
---@class dpl.RecognizeOptions: dpl.SimulateOptions
---@field costs? dpl.Costs of a stage, for strategies whose order depends on them; default: as of dpl.simulate

---Where orders first differ.
---@class dpl.Difference
---@field rank integer
---@field position integer from 0, in the order in which an I right before its W counts as their B
---@field action? string what the schedule has there; missing where it has ended
---@field expected? string what the strategy has there

---How far a schedule is that of a strategy.
---@class dpl.Likeness
---@field strategy string
---@field match "exact"|"split"|"near" the same orders; the same when I right before W counts as B; neither
---@field moved integer the fewest actions that are elsewhere in a rank's order, missing or too many; 0 unless "near"
---@field stages_per_rank? integer with which the strategy was compared
---@field pipeline_pairs? integer likewise
---@field waves? integer likewise
---@field difference? dpl.Difference of the lowest rank that differs
---@field text? string one sentence; of the best only

---Which strategy a schedule is: compares with every strategy that puts as many stages on the same
---ranks. nil, message, "NOT_FOUND" where there is none; "INVALID", "DEADLOCK" where the schedule
---cannot run.
---@param schedule dpl.Schedule
---@param options? dpl.RecognizeOptions
---@return dpl.Likeness? best
---@return dpl.Likeness[]|string all the best first, or the message
---@return string? code
function dpl.recognize(schedule, options) end

return dpl
