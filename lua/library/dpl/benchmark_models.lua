---@meta dpl.benchmark
-- Annotations of the module dpl.benchmark, continued: its classes of a model on hardware. With `model`
-- the classes plan it on `hardware`, by the options of dpl.plan. Their methods take a strategy, by
-- default the options' own, and give nil, message, code where the layout cannot be.

---@class dpl.benchmark
local benchmark = {}

---A GPU of a rank from the start of an action to its end.
---@class dpl.HeldBytes
---@field time number seconds into the step
---@field finish number
---@field action string as in an order: "0F3"
---@field bytes number all that the GPU holds

---The fullest moment of the fullest rank.
---@class dpl.MemoryPeak
---@field rank integer
---@field bytes number
---@field time number seconds into the step
---@field action string
---@field chunks integer micro-batches whose activations are held
---@field parts { name: string, bytes: number }[] parameters first, the reserve last
---@field fits boolean
---@field spare_bytes number of the GPU's memory, negative where it does not fit

---A changed layout.
---@class dpl.FittingChange
---@field change string what is changed, as options are written
---@field options table<string, any> the same, for dpl.plan
---@field changes integer how many
---@field fits boolean
---@field bytes? number of the fullest GPU; nil where it cannot be
---@field step_time? number seconds
---@field tokens_per_gpu_second? number
---@field gpus? integer
---@field reason? string why it cannot be

---What the GPUs of a layout hold; its options are those of dpl.plan, and causal, mtp and peak need
---not be given.
---@class dpl.ModelMemoryEstimator
local ModelMemoryEstimator = {}

---@param strategy? dpl.Strategy
---@return dpl.Plan? plan
---@return string? message
---@return dpl.Code? code
function ModelMemoryEstimator:plan(strategy) end

---What a GPU of each rank holds at its fullest, by rank + 1.
---@param strategy? dpl.Strategy
---@return dpl.PlanMemory[]? ranks
---@return string? message
---@return dpl.Code? code
function ModelMemoryEstimator:per_rank(strategy) end

---All that a GPU of the rank holds, action by action in its order.
---@param rank? integer from 0; default the fullest
---@param strategy? dpl.Strategy
---@return dpl.HeldBytes[]? held
---@return string? message
---@return dpl.Code? code
function ModelMemoryEstimator:memory_over_time(rank, strategy) end

---@param strategy? dpl.Strategy
---@return dpl.MemoryPeak? peak
---@return string? message
---@return dpl.Code? code
function ModelMemoryEstimator:peak(strategy) end

---Whether every rank fits, and what the fullest has to spare, negative where it does not.
---@param strategy? dpl.Strategy
---@return boolean? fits
---@return number|string spare_bytes_or_message
---@return dpl.Code? code
function ModelMemoryEstimator:fits(strategy) end

---Changes of the layout, each planned: what fits first, by fewest changes, then by tokens a second of
---a GPU; then what does not, by its bytes. Two or three changes at once only where one never fits.
---@param strategy? dpl.Strategy
---@return dpl.FittingChange[]? changes
---@return string? message
---@return dpl.Code? code
function ModelMemoryEstimator:what_fits(strategy) end

---Strategies by what the fullest GPU holds, least first.
---@param strategies? dpl.Strategy[] default all
---@return { strategy: dpl.Strategy, bytes: number, activation_bytes: number, rank: integer, fits: boolean, step_time: number }[] rows
---@return { strategy: dpl.Strategy, reason: string }[] refused by the sizes
function ModelMemoryEstimator:compare(strategies) end

---Seconds of a step by what they are spent on, which add up to it: of ranks on average within the
---pipeline, collectives as they would stand alone, less what of all that hides behind the rest.
---@class dpl.StepParts
---@field products number of matrices
---@field core number of attention
---@field bytes number what only moves bytes
---@field tensor number collectives of tensor parallelism
---@field expert number all-to-alls
---@field context number exchanges of context parallelism
---@field host number transfers to and from the host
---@field hidden number at most 0: what of these runs behind others
---@field bubble number
---@field gradients number exposed reduction of gradients and gathering of parameters
---@field optimizer number

---A step and what it is worth; see dpl.Plan for the figures.
---@class dpl.ModelRate
---@field strategy dpl.Strategy
---@field step_time number seconds
---@field mfu number
---@field hfu number
---@field tokens_per_second number of the whole cluster
---@field samples_per_second number
---@field gpu_hours number of a step
---@field price? number of a step, where the price of a GPU hour is known
---@field fits boolean
---@field worst_bytes number
---@field parts? dpl.StepParts of throughput

---How fast a layout trains; its options are those of dpl.plan, and price_per_hour of a GPU.
---@class dpl.ModelThroughputEstimator
local ModelThroughputEstimator = {}

---@param strategy? dpl.Strategy
---@return dpl.Plan? plan
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:plan(strategy) end

---@param strategy? dpl.Strategy
---@return dpl.ModelRate? rate
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:throughput(strategy) end

---@param strategy? dpl.Strategy
---@return number? seconds
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:step_time(strategy) end

---Useful FLOPs over the peak, by the convention in the options.
---@param strategy? dpl.Strategy
---@return number? mfu
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:mfu(strategy) end

---The same with what is worked out again.
---@param strategy? dpl.Strategy
---@return number? hfu
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:hfu(strategy) end

---What a step that was measured is worth, as dpl.plan.rates.
---@param seconds number
---@return table? rates
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:at_step_time(seconds) end

---What it takes to train on so many tokens; price where the price of a GPU hour is known.
---@param tokens number
---@param strategy? dpl.Strategy
---@return { tokens: number, steps: number, seconds: number, days: number, gpu_hours: number, price?: number }? cost
---@return string? message
---@return dpl.Code? code
function ModelThroughputEstimator:cost(tokens, strategy) end

---Strategies by step time, shortest first.
---@param strategies? dpl.Strategy[] default all
---@return dpl.ModelRate[] rows
---@return { strategy: dpl.Strategy, reason: string }[] refused by the sizes
function ModelThroughputEstimator:compare(strategies) end

---A number of GPUs.
---@class dpl.ModelScalingRow
---@field gpus integer
---@field data_parallel integer copies
---@field layout integer which of the option `layouts` is best there
---@field global_batch integer
---@field num_chunks integer micro-batches of a copy
---@field step_time number seconds
---@field mfu number
---@field tokens_per_second number
---@field efficiency number tokens a second of a GPU over those of the first row
---@field fits boolean
---@field parts dpl.StepParts
---@field gradient_latency number seconds of parts.gradients that latency is to blame for

---Where efficiency falls under a threshold.
---@class dpl.Knee
---@field gpus integer
---@field efficiency number
---@field threshold number
---@field cause "bubble"|"gradients"|"latency"|"optimizer"|"work" what most is lost to
---@field losses { name: string, text: string, share: number, gpu_seconds_a_sample: number }[] greatest first
---@field row dpl.ModelScalingRow

---More and more copies of a layout. Options: those of dpl.plan; max_gpus, default 100000; layouts, a
---list of tables of options of which the best is taken at each size; min_efficiency, default 0.9.
---@class dpl.ModelScalabilityAnalyzer
local ModelScalabilityAnalyzer = {}

---Each copy keeps the samples that it has in the options.
---@param sizes? integer[] GPUs; default: one node or one copy, doubling, up to max_gpus
---@return dpl.ModelScalingRow[] rows
---@return { gpus: integer, reason: string }[] refused
function ModelScalabilityAnalyzer:weak_scaling(sizes) end

---The batch of a step stays.
---@param sizes? integer[]
---@return dpl.ModelScalingRow[] rows
---@return { gpus: integer, reason: string }[] refused
function ModelScalabilityAnalyzer:strong_scaling(sizes) end

---The first size under the threshold: to the copy for weak scaling, of the rows for strong. Returns
---nil, message, "NOT_FOUND" where there is none.
---@param rows dpl.ModelScalingRow[] as weak_scaling or strong_scaling gave them
---@param threshold? number default min_efficiency
---@return dpl.Knee? knee
---@return string? message
---@return dpl.Code? code
function ModelScalabilityAnalyzer:knee(rows, threshold) end

---Efficiency over GPUs, a line for each list of rows.
---@param ... dpl.ModelScalingRow[]
---@return dpl.Chart
function ModelScalabilityAnalyzer:chart(...) end

return benchmark
