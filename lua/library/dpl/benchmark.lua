---@meta dpl.benchmark

---Memory in MB (10^6 bytes) or GB (10^9 bytes), times in seconds. A GPU is one of the
---tensor_parallel GPUs of a rank. Where a method takes a strategy it also takes a schedule of the
---object's num_ranks and num_chunks.
---@class dpl.benchmark
local benchmark = {}

---The model, and the batch of a step.
---@class dpl.ModelOptions
---@field hidden_dim integer hidden size h
---@field seq_len integer tokens of a sample, s
---@field batch_size integer samples of a step of the pipeline
---@field model_params? number parameters of the model
---@field num_layers? number layers of the model; default model_params / (12 hidden_dim^2)
---@field num_heads? integer attention heads a; recipe "standard" needs them
---@field tensor_parallel? integer GPUs of a rank; default 1
---@field sequence_parallel? boolean norms and dropouts shared out too; default true
---@field activation_recipe? "flash"|"standard"|"full" default "flash": 34 s b h bytes a layer

---A rank's share of the model, where that is known instead of the whole.
---@class dpl.ShareOptions
---@field model_params_per_rank? number parameters of a rank's share, instead of model_params
---@field layers_per_rank? number layers of a rank's share, instead of num_layers

---What frees an activation; also what orders that depend on memory (zb_1p, ...) are made for.
---@class dpl.ActivationOptions
---@field weight_memory? number share of an activation, 0 to 1, left by I for W to free; default 1

---What a parameter takes beside activations.
---@class dpl.StateOptions
---@field parameter_bytes? number bytes of a parameter; default 2, bf16
---@field gradient_bytes? number bytes of its gradient; default 4, fp32
---@field optimizer_bytes? number bytes of its optimizer state; default 12, Adam in fp32
---@field optimizer_shards? integer data-parallel ranks that share the optimizer state; default 1

---What the ranks run on.
---@class dpl.HardwareOptions
---@field causal? boolean attention's FLOPs count half the matrix; default true
---@field active_params? number of the parameters given, those that a token uses (mixture of experts;
---then layers are to be given too); default: all. FLOPs go by these, memory by all
---@field peak_tflops? number dense peak of a GPU, TFLOP/s; default 989, H100 or H800 SXM, BF16
---@field efficiency? number share of the peak that actions reach; default 0.5, an assumption
---@field overlap? number share of F + B that an overlapped pair saves; default 0
---@field p2p? number latency of a transfer between ranks, seconds; default 0
---@field link_gb_s? number what a link carries in one direction, GB/s; default: p2p alone counts
---@field optimizer_time? number what ends a step, seconds; default 0

---Measured times in seconds of one micro-batch on a rank's share, instead of those from FLOPs.
---@class dpl.MeasuredOptions
---@field F? dpl.Cost
---@field B? dpl.Cost with F: default I + W, or 2 F
---@field I? dpl.Cost with F: default B - W
---@field W? dpl.Cost with F: default B - I, or B / 2
---@field FB? dpl.Cost with F: default F + B

---The sizes of the pipeline.
---@class dpl.PipelineShape
---@field num_ranks integer ranks of the pipeline
---@field num_chunks integer micro-batches of a step; divides batch_size

---- MemoryEstimator ----

---Options of MemoryEstimator. Give model_params or model_params_per_rank.
---@class dpl.MemoryOptions: dpl.PipelineShape, dpl.ShareOptions, dpl.ModelOptions, dpl.StateOptions, dpl.ActivationOptions

---The memory of one configuration.
---@class dpl.MemoryEstimator: dpl.MemoryOptions
local MemoryEstimator = {}

---Estimates the memory of a GPU: activations, parameters and all of it.
---@class dpl.MemoryEstimatorClass: dpl.Class
---@overload fun(options: dpl.MemoryOptions): dpl.MemoryEstimator
---@overload fun(options: dpl.PlanOptions): dpl.ModelMemoryEstimator
benchmark.MemoryEstimator = {}

---Activations, in MB, and how the figure comes about.
---@class dpl.ActivationMemory
---@field strategy? dpl.Strategy
---@field peak_mb number on the fullest rank
---@field peak_rank integer which that is
---@field per_rank_mb number[] by rank + 1
---@field peak_share number in units of a rank's whole share for one micro-batch
---@field peak_activations number in units of one stage's for one micro-batch
---@field recompute_mb number of it, what the recomputation of a layer takes for a while
---@field per_chunk_mb number a rank's share of the model for one micro-batch
---@field per_layer_mb number one layer for one micro-batch
---@field layers_per_rank number
---@field micro_batch_size integer samples

---Activations, counted from the schedule.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.ActivationMemory? memory
---@return string? message
---@return dpl.Code? code
function MemoryEstimator:estimate_activation_memory(strategy) end

---Parameters, gradients and optimizer state, in MB.
---@class dpl.ParameterMemory
---@field strategy? dpl.Strategy
---@field parameters number how many a GPU holds
---@field parameters_mb number
---@field gradients_mb number
---@field optimizer_mb number
---@field total_mb number

---Parameters, gradients and optimizer state of the fullest rank.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.ParameterMemory? memory
---@return string? message
---@return dpl.Code? code
function MemoryEstimator:estimate_parameter_memory(strategy) end

---All memory of the fullest rank.
---@class dpl.TotalMemory: dpl.ParameterMemory
---@field activations_mb number
---@field total_gb number
---@field peak_rank integer
---@field peak_share number
---@field per_rank_mb? number[] by rank + 1: all memory

---All of it.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.TotalMemory? memory
---@return string? message
---@return dpl.Code? code
function MemoryEstimator:estimate_total_memory(strategy) end

---All strategies that allow the size, least memory first; then the others.
---@return dpl.TotalMemory[] rows
---@return dpl.Skipped[] skipped
function MemoryEstimator:compare() end

---- ThroughputEstimator ----

---Options of ThroughputEstimator. Give model_params or model_params_per_rank.
---@class dpl.ThroughputOptions: dpl.PipelineShape, dpl.ShareOptions, dpl.ModelOptions, dpl.HardwareOptions, dpl.MeasuredOptions, dpl.ActivationOptions

---The rates of one configuration.
---@class dpl.ThroughputEstimator: dpl.ThroughputOptions
local ThroughputEstimator = {}

---Estimates step time, MFU, and samples and tokens per second.
---@class dpl.ThroughputEstimatorClass: dpl.Class
---@overload fun(options: dpl.ThroughputOptions): dpl.ThroughputEstimator
---@overload fun(options: dpl.PlanOptions): dpl.ModelThroughputEstimator
benchmark.ThroughputEstimator = {}

---What a step is worth.
---@class dpl.Rate
---@field step_time_s number seconds of a step
---@field samples_per_second number
---@field tokens_per_second number
---@field flops_per_token number
---@field tflops_per_gpu number TFLOP/s
---@field mfu number model FLOPs utilization: share of the peak

---A strategy's step, and what it is worth.
---@class dpl.Throughput: dpl.Rate
---@field strategy? dpl.Strategy
---@field bubble_ratio number idle / (ranks x makespan)
---@field micro_batch_size? integer samples; not in a comparison's rows

---Step time and rates of a strategy, or of a schedule of the same sizes.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.Throughput? throughput
---@return string? message
---@return dpl.Code? code
function ThroughputEstimator:throughput(strategy) end

---Seconds.
---@param strategy dpl.Strategy|dpl.Schedule
---@return number? seconds
---@return string? message
---@return dpl.Code? code
function ThroughputEstimator:step_time(strategy) end

---Model FLOPs utilization.
---@param strategy dpl.Strategy|dpl.Schedule
---@return number? mfu share of the peak
---@return string? message
---@return dpl.Code? code
function ThroughputEstimator:mfu(strategy) end

---The rates of a step of known length, such as a measured one.
---@param step_time_s number seconds
---@return dpl.Rate
function ThroughputEstimator:at_step_time(step_time_s) end

---The costs that are simulated, in seconds, of a rank's whole share of the model.
---@return dpl.ShareCosts
function ThroughputEstimator:costs() end

---All strategies that allow the size, fastest first; then the others.
---@return dpl.Throughput[] rows
---@return dpl.Skipped[] skipped
function ThroughputEstimator:compare() end

---- ScalabilityAnalyzer ----

---Options of ScalabilityAnalyzer.
---@class dpl.ScalabilityOptions: dpl.ThroughputOptions
---@field weak_batch? "constant"|"per_rank" weak scaling: batch and micro-batches stay, or grow with the ranks; default "constant"

---The scaling of one configuration.
---@class dpl.ScalabilityAnalyzer: dpl.ScalabilityOptions
local ScalabilityAnalyzer = {}

---Scaling from the shape that num_ranks and num_chunks give.
---@class dpl.ScalabilityAnalyzerClass: dpl.Class
---@overload fun(options: dpl.ScalabilityOptions): dpl.ScalabilityAnalyzer
---@overload fun(options: dpl.PlanOptions): dpl.ModelScalabilityAnalyzer
benchmark.ScalabilityAnalyzer = {}

---One number of ranks.
---@class dpl.ScalingRow: dpl.Rate
---@field strategy dpl.Strategy
---@field num_ranks integer
---@field num_chunks integer
---@field batch_size integer
---@field model_params number
---@field speedup number
---@field efficiency number speedup per rank; not the option of that name, which is a share of the peak
---@field bubble_ratio number

---The same model and batch on more ranks.
---@param strategy dpl.Strategy
---@param ranks integer[]
---@return dpl.ScalingRow[] rows
---@return { num_ranks: integer, reason: string }[] refused
function ScalabilityAnalyzer:strong_scaling(strategy, ranks) end

---The model grows with the ranks.
---@param strategy dpl.Strategy
---@param ranks integer[]
---@return dpl.ScalingRow[] rows
---@return { num_ranks: integer, reason: string }[] refused
function ScalabilityAnalyzer:weak_scaling(strategy, ranks) end

---The most ranks with at least a least efficiency.
---@class dpl.ScalingLimit: dpl.ScalingRow
---@field max_ranks integer how far was looked

---The most ranks with at least min_efficiency. Returns nil, message, "NOT_FOUND" where none reach it.
---@param strategy dpl.Strategy
---@param options? { min_efficiency?: number, max_ranks?: integer, mode?: "strong"|"weak" } default 0.8, 256, "strong"
---@return dpl.ScalingLimit? limit
---@return string? message
---@return dpl.Code? code
function ScalabilityAnalyzer:scaling_limit(strategy, options) end

---- ConfigurationSearch ----

---Options of ConfigurationSearch.
---@class dpl.SearchOptions: dpl.ModelOptions, dpl.StateOptions, dpl.HardwareOptions, dpl.ActivationOptions
---@field model_params number parameters of the model
---@field gpu_memory_gb number memory of a GPU, GB
---@field strategies? dpl.Strategy[] default: all

---The configurations of one model on one kind of GPU.
---@class dpl.ConfigurationSearch: dpl.SearchOptions
local ConfigurationSearch = {}

---Searches the configurations that fit the memory, best first.
---@class dpl.ConfigurationSearchClass: dpl.Class
---With `model` the options are dpl.LayoutSearchOptions, and the search is of layouts: a dpl.LayoutSearch.
---@overload fun(options: dpl.SearchOptions): dpl.ConfigurationSearch
---@overload fun(options: dpl.LayoutSearchOptions): dpl.LayoutSearch
benchmark.ConfigurationSearch = {}

---A configuration that fits the memory.
---@class dpl.Configuration: dpl.Rate
---@field strategy dpl.Strategy
---@field num_ranks integer
---@field num_chunks integer
---@field micro_batch_size integer samples
---@field throughput number samples a second of the pipeline
---@field throughput_per_rank number
---@field memory number GB on the fullest rank
---@field memory_gb number the same
---@field layers_per_stage number may be under 1 where num_layers was not given
---@field activations_gb number
---@field states_gb number parameters, gradients and optimizer state
---@field peak_rank integer
---@field bubble_ratio number

---What a search came across.
---@class dpl.SearchSummary
---@field tried integer
---@field fitting integer
---@field not_fitting integer
---@field not_allowed integer sizes that the strategy does not allow, or with more stages than layers
---@field least_memory number GB, of all that were tried

---Those that fit the memory, best first: every strategy, every number of ranks in the range, every
---number of chunks that divides the batch; with num_layers no more stages than these. Returns nil, message, "NOT_FOUND" where none fits.
---@param options? { min_ranks?: integer, max_ranks?: integer, max_chunks?: integer, sort_by?: "throughput"|"throughput_per_rank", limit?: integer } default 2, 8, batch_size, "throughput", all
---@return dpl.Configuration[]? configurations
---@return dpl.SearchSummary|string summary_or_message
---@return dpl.Code? code
function ConfigurationSearch:search_optimal_config(options) end

---- ConfigurationSearch of layouts ----

---A space of layouts, and what is looked for. Every axis is one value, a list of values, or "all".
---Degrees that are left out are every value that divides; other axes, what dpl.plan has for a default.
---Where an axis can make no difference (tensor_overlap without tensor parallelism, zero without copies)
---only the first of its values counts. Options of dpl.PlanOptions that are no axes hold for all. What is
---of the wrong type, out of range or unknown raises.
---@class dpl.LayoutSearchOptions
---@field model string|dpl.Model a preset's name, or a model
---@field hardware string|dpl.Hardware likewise
---@field gpus integer|integer[] how many GPUs
---@field global_batch? integer samples of a step
---@field max_global_batch? integer instead: the most samples; a layout has the greatest multiple of its copies
---@field causal boolean MFU's FLOPs count half of the attention's matrix
---@field peak "bf16"|"fp8" that MFU is a share of
---@field mtp? boolean MFU's FLOPs count multi-token prediction; no default for models that have it
---@field strategy? string|string[] default 1f1b, interleaved_1f1b, zb_h1, zbv, dualpipe and dualpipev
---@field stages_per_rank? integer|integer[]|"all" where a strategy leaves them open; all: the divisors of the layers
---@field tensor_parallel? integer|integer[]
---@field pipeline_parallel? integer|integer[]
---@field data_parallel? integer|integer[] that is allowed; it follows from the GPUs and the rest
---@field context_parallel? integer|integer[]
---@field expert_parallel? integer|integer[]
---@field micro_batch? integer|integer[] samples of a micro-batch
---@field recompute? string|string[]
---@field zero? integer|integer[]|"all"
---@field tensor_comm? string|string[]
---@field regather? boolean|boolean[]|"all"
---@field tensor_overlap? string|string[]
---@field data_overlap? boolean|boolean[]|"all"
---@field fused_activation? boolean|boolean[]|"all"
---@field offload_weights? boolean|boolean[]|"all"
---@field offload_activations? boolean|boolean[]|"all"
---@field offload_optimizer? boolean|boolean[]|"all"
---@field tensor_link? string|string[]
---@field pipeline_link? string|string[]
---@field data_link? string|string[]
---@field precision? string|string[]
---@field train_mtp? boolean|boolean[]|"all"
---@field memory_bytes? number of a GPU; default the hardware's
---@field even_layers? boolean only with equally many layers in every stage; default false
---@field whole_nodes? boolean tensor parallelism divides a node; default false
---@field max_micro_batches? integer of a step; default any number
---@field objective? "throughput"|"mfu"|"cost"|"memory" what is best; mfu and cost, GPU hours a sample, order alike; default "throughput"
---@field keep? integer how many of the best are kept, up to 500; default 10
---@field pareto? string[] two objectives, whose front is kept besides
---@field workers? integer processes; default all processors
---@field resume? string a .csv or .json file: what is found, and the parts that are done, are written to it, and a search of the same space goes on from there; a file of another space raises, saying what differs

---A layout that was found: the options of dpl.plan that it stands for, and its step.
---@class dpl.LayoutRow
---@field index integer of the configuration in its space; equal ones are in its order
---@field strategy string
---@field stages_per_rank? integer where it was asked for
---@field gpus integer
---@field num_chunks integer micro-batches of a step, of one copy
---@field tensor_parallel integer
---@field pipeline_parallel integer
---@field data_parallel integer
---@field context_parallel integer
---@field expert_parallel integer
---@field micro_batch integer
---@field global_batch integer
---@field zero integer
---@field tensor_comm string
---@field recompute string
---@field precision string
---@field tensor_link string
---@field tensor_overlap string
---@field pipeline_link string
---@field data_link string
---@field regather boolean
---@field fused_activation boolean
---@field train_mtp boolean
---@field offload_weights boolean
---@field offload_activations boolean
---@field offload_optimizer boolean
---@field data_overlap boolean
---@field figure number what it is sorted by, the less the better: seconds a sample, GPU seconds a sample, bytes
---@field first? number the same in the first of the two objectives of pareto
---@field second? number in the second
---@field step_time number seconds
---@field pipeline number seconds of it, from first start to last end
---@field data_exposed number seconds that reducing gradients and gathering parameters add
---@field optimizer number seconds
---@field bubble_ratio number idle time of the pipeline's ranks
---@field samples_per_second number
---@field tokens_per_second number
---@field tflops_per_gpu number
---@field mfu number
---@field hfu number
---@field gpu_hours number of a step
---@field price? number of a step, where the hardware has one
---@field worst_rank integer that holds most
---@field worst_bytes number on each of its GPUs

---What became of a space's configurations.
---@class dpl.LayoutCounts
---@field configurations integer
---@field refused integer by the rules of the strategy, the model or the links
---@field memory_bound integer that cannot fit, by a bound
---@field outdone integer that cannot be a result, by a bound
---@field memory integer worked out and too large
---@field evaluated integer
---@field simulations integer pipelines simulated for those
---@field schedules integer made
---@field least_bytes number of those too large the least, or its bound; 0 where none is
---@field refusal string why one was refused; "" where none was
---@field tuples table<string, integer> tuples of degrees that make no configuration, by the first rule against them: gpus, batch, chunks, layers, experts, nodes

---Why the best is best; tostring gives a page. causes: seconds of a step by what they are spent on
---(products, core, bytes, exposed, bubble, data, optimizer), which add up to the step. crossings: by
---what factor a figure of the machine must change for the next to be as good.
---@class dpl.LayoutExplanation
---@field winner { row: dpl.LayoutRow, causes: table<string, number> }
---@field runner_up? { row: dpl.LayoutRow, causes: table<string, number> } the first kept with another figure
---@field memory_factor number times the memory of a GPU with which the best just fits
---@field crossings { figure: string, factor: number }[]

---A search of layouts, exact: what is left out provably is no result. It runs once, when its results
---are first asked for, on all processors; the results, and counts, are the same on any number of them.
---@class dpl.LayoutSearch
local LayoutSearch = {}

---How many configurations the space has, and how many tuples of degrees there are among them.
---@return integer configurations
---@return integer tuples
function LayoutSearch:count() end

---The best, best first. Returns nil, message, "NOT_FOUND" where nothing is left, with the rule and the
---nearest that leaves something; "FILE" where the file to resume from cannot be written.
---@return dpl.LayoutRow[]? rows
---@return dpl.LayoutCounts|string counts_or_message
---@return dpl.Code? code
function LayoutSearch:run() end

---The first of them.
---@return dpl.LayoutRow? row
---@return string? message
---@return dpl.Code? code
function LayoutSearch:best() end

---Those than which none is better in one of the two objectives and as good in the other, of equal ones
---the first; by the first objective. Raises where the option pareto was not given.
---@return dpl.LayoutRow[]? rows
---@return string? message
---@return dpl.Code? code
function LayoutSearch:pareto() end

---The options of dpl.plan that a row stands for.
---@param row dpl.LayoutRow
---@return dpl.PlanOptions
function LayoutSearch:options_of(row) end

---A row's plan.
---@param row? dpl.LayoutRow default the best
---@return dpl.Plan? plan
---@return string? message
---@return dpl.Code? code
function LayoutSearch:plan(row) end

---Why the best is best, beside the next that has another figure.
---@return dpl.LayoutExplanation? explanation
---@return string? message
---@return dpl.Code? code
function LayoutSearch:explain() end

---The rows as CSV, a column `set` saying whether one is of the best or of the front.
---@return string? text
---@return string? message
---@return dpl.Code? code
function LayoutSearch:to_csv() end

---Rows, counts and the space as JSON, keys sorted.
---@return string? text
---@return string? message
---@return dpl.Code? code
function LayoutSearch:to_json() end

---Writes them to a .csv or .json file.
---@param path string
---@return boolean? written
---@return string? message
---@return dpl.Code? code
function LayoutSearch:write(path) end

return benchmark
