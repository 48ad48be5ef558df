---@meta dpl.plan

---A model laid out on hardware: `dpl.plan { model = "llama3-70b", hardware = "h100", ... }` gives a
---plan, with what a step takes, what its stages cost and what each GPU holds. What follows from
---dimensions is exact; how much of the peak and of the links is reached comes from the hardware's
---efficiency (see dpl.hardware), which is measured for some and assumed for others: see `dpl
---scripts/validate.lua` for how far off that is.
---
---What overlaps what: tensor parallelism's collectives stand alone in F and in I, and hide behind the
---weights' products in a fused B; attention's exchange in a context group hides behind the attention
---core; the experts' all-to-alls stand alone but in overlapped pairs, where they hide behind
---computation; gradients travel behind what a rank still does once a stage's last backward is
---through, parameters behind the first forwards; pipeline transfers occupy nobody. The manual in C,
---plan.h, says it in full.
---@class dpl.plan
---@overload fun(options: dpl.PlanOptions): dpl.Plan?, string?, string?
local plan = {}

---What a plan is made of. Degrees default to 1. A layout that cannot be (degrees that do not divide,
---more stages than layers) gives nil, a message with the rule and the nearest that would do, and a
---code; wrong types, values out of range and unknown names raise.
---@class dpl.PlanOptions
---@field model string|dpl.Model a preset's name, or a model
---@field hardware string|dpl.Hardware likewise
---@field global_batch integer samples of a step, of all copies
---@field causal boolean MFU's FLOPs count half of the attention's matrix; no default: see dpl.Model:flops_per_token
---@field peak "bf16"|"fp8" that MFU is a share of; no default
---@field mtp? boolean MFU's FLOPs count multi-token prediction; no default for models that have it
---@field strategy? string of the pipeline; default "1f1b"
---@field stages_per_rank? integer where the strategy has the option, as for dpl.schedule
---@field pipeline_pairs? integer likewise
---@field waves? integer likewise
---@field tensor_parallel? integer GPUs that cut each layer
---@field pipeline_parallel? integer ranks of the pipeline
---@field data_parallel? integer copies of the pipeline
---@field context_parallel? integer GPUs that cut the sequence
---@field expert_parallel? integer GPUs that share out the experts, of tensor x context x data
---@field micro_batch? integer samples of a micro-batch; default 1
---@field seq_len? integer tokens of a sample; default the model's
---@field tensor_comm? "all_reduce"|"scatter_gather"|"sequence_parallel" how GPUs that cut a layer exchange; default the last
---@field regather? boolean sequence parallelism keeps its shard and gathers again in B; default true
---@field tensor_overlap? "none"|"ring"|"pipe" how that hides behind products; default "none"
---@field data_overlap? boolean gradients and parameters travel behind work; default true
---@field recompute? "none"|"selective"|"full" what the backward works out again; selective: a stored attention's matrix, or a latent attention's heads; default "none"
---@field zero? integer 0 to 3; 1, the default, is the distributed optimizer
---@field precision? "bf16"|"fp8" of matrix products; default "bf16"
---@field flash? boolean attention never stores its matrix; default true
---@field dropout? boolean masks are kept; default false
---@field fused_activation? boolean the activation's output is worked out again in the backward; default false
---@field train_mtp? boolean layers of multi-token prediction are trained, on the last stage; default false
---@field offload_weights? boolean to the host's memory, over hardware.host_gb_s; default false
---@field offload_activations? boolean likewise
---@field offload_optimizer? boolean likewise
---@field tensor_link? "auto"|"intra"|"inter" the link of the tensor groups; default by their place: tensor innermost, then context, data, pipeline
---@field pipeline_link? "auto"|"intra"|"inter" of the pipeline
---@field data_link? "auto"|"intra"|"inter" of the copies
---@field expert_nodes? integer nodes that a token's experts are on at most; 0, the default, for any
---@field layers_of? integer[] layers of each piece of the model, in order; default even, the ends short of a layer first
---@field parameter_bytes? number of a parameter; default 2
---@field gradient_bytes? number of its gradient; default 4
---@field optimizer_bytes? number of its optimizer state; default 12
---@field reserve_bytes? number on each GPU that no tensor holds; default 5.8 GiB, measured on H100 (pith-train)

---Seconds of a stage, for one micro-batch, by what they are spent on; collectives as they would
---stand alone.
---@class dpl.PlanSeconds
---@field products number of matrices
---@field core number of attention
---@field bytes number what only reads and writes memory
---@field tensor number tensor parallelism's collectives
---@field expert number the experts' all-to-alls
---@field context number exchange of keys and values
---@field host number to and from the host's memory

---A stage on one GPU, for one micro-batch.
---@class dpl.PlanStage
---@field rank integer that has it
---@field piece integer of the model, from 0
---@field first_layer integer from 0
---@field layers integer
---@field has_embedding boolean
---@field has_head boolean
---@field forward number seconds of F
---@field input number seconds of I
---@field weight number seconds of W
---@field backward number seconds of a fused B
---@field pair number seconds of an overlapped pair of its F and the B of the rank's other stage; 0 where there are none
---@field kept_bytes number activations from F to B
---@field weight_bytes number of those, what stays from I to W
---@field transient_bytes number the most that one action needs besides
---@field parameters number on the GPU, experts aside
---@field expert_parameters number on the GPU
---@field tensor_bytes number that a GPU sends in tensor parallelism's collectives, F and B
---@field expert_bytes number in the experts' all-to-alls
---@field context_bytes number in the exchange of keys and values
---@field in_forward dpl.PlanSeconds
---@field in_input dpl.PlanSeconds
---@field in_weight dpl.PlanSeconds

---What a GPU of a rank holds when it holds most.
---@class dpl.PlanMemory
---@field rank integer
---@field parameters number on the GPU, before ZeRO shares them out
---@field parameter_bytes number
---@field gradient_bytes number
---@field optimizer_bytes number
---@field activation_bytes number kept at the peak
---@field transient_bytes number what the action at the peak needs besides
---@field buffer_bytes number of messages, and of layers that ZeRO 2 and 3 have whole while they work
---@field reserve_bytes number
---@field total_bytes number
---@field peak_action integer position in the rank's order, from 0
---@field peak_chunks integer micro-batches in flight there, each stage's counted

---A plan: a table of its own.
---@class dpl.Plan
---@field options table what it was made of, presets looked up
---@field strategy string
---@field gpus integer
---@field num_chunks integer micro-batches of a step on one pipeline
---@field step_time number seconds
---@field pipeline number seconds of it: first start to last end
---@field data_exposed number seconds of it: gradients and parameters that nothing hides
---@field data_seconds number seconds that those take on the rank with most, hidden or not
---@field data_bytes number that a GPU of that rank sends for them
---@field optimizer number seconds of it
---@field bubble_ratio number idle share of ranks x pipeline
---@field samples_per_second number of the whole cluster
---@field tokens_per_second number likewise
---@field flops_per_token number by the convention given
---@field tflops_per_gpu number 10^12 a second, likewise
---@field peak_tflops number that MFU is a share of
---@field mfu number model FLOPs utilization, 0 to 1
---@field hfu number with what is worked out again
---@field gpu_hours number of a step
---@field price? number of a step, where the hardware has price_per_hour
---@field stages dpl.PlanStage[] entry stage + 1
---@field memory dpl.PlanMemory[] entry rank + 1
---@field worst_rank integer that holds most
---@field worst_bytes number that it holds
---@field fits boolean no more than hardware.memory_bytes
---@field schedule dpl.Schedule
---@field timeline dpl.Timeline in seconds
---@field message_bytes number that a GPU sends to the next stage for a micro-batch
---@field p2p number seconds that it takes
local Plan = {}

---The action at which the worst rank holds most, as in an order.
---@return string
function Plan:peak_action() end

---The plan in words: layout, step by parts, MFU and its convention, rates, memory, with units.
---@return string
function Plan:report() end

---Makes a plan; dpl.plan(options) is the same.
---nil, message, code where the layout cannot be.
---@param options dpl.PlanOptions
---@return dpl.Plan? made, string? message, string? code
function plan.make(options) end

---What a measured step is worth: step_time, samples_per_second, tokens_per_second, flops_per_token,
---tflops_per_gpu, peak_tflops, mfu, hfu, gpu_hours and price, as in a plan. Nothing is simulated.
---nil, message, code where the layout cannot be, or a peak would be surpassed.
---@param options dpl.PlanOptions
---@param step_time number seconds
---@return table? rates, string? message, string? code
function plan.rates(options, step_time) end

return plan
