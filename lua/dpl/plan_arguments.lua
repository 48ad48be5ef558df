-- What scripts that take a model, hardware and a layout from the command line share.

local arguments = require "dpl.arguments"
local hardware = require "dpl.hardware"
local model = require "dpl.model"

local plan_arguments = {}

local function value(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
  return math.tointeger(tonumber(text)) or tonumber(text) or text
end

local function assignment(text)
  local name, given = text:match("^([%w_]+)=(.+)$")
  if name == nil then
    return nil, ("option '--set' takes name=value (got '%s')"):format(text)
  end
  local list = {}
  for part in (given .. ","):gmatch("([^,]*),") do
    list[#list + 1] = value(part)
  end
  return { name = name, value = #list == 1 and list[1] or list }
end

-- Degrees and batches, as options are called here and in dpl.plan.
local COUNTS <const> = {
  { "--tensor", "tensor_parallel", "GPUs that cut each layer", "1" },
  { "--pipeline", "pipeline_parallel", "ranks of the pipeline", "1" },
  { "--data", "data_parallel", "copies of the pipeline", "1" },
  { "--context", "context_parallel", "GPUs that cut the sequence", "1" },
  { "--expert", "expert_parallel", "GPUs that share out the experts", "1" },
  { "--micro-batch", "micro_batch", "samples of a micro-batch", "1" },
  { "--stages", "stages_per_rank", "stages on a rank, where the strategy has the option" },
}

-- Adds what names a model and hardware; without a default they are not required either.
function plan_arguments.add_presets(parser, default_model, default_hardware)
  parser:option("--model", "a preset of dpl.model, or a Hugging Face config.json", default_model)
    :argname("<name>")
  parser:option("--hardware", "a preset of dpl.hardware", default_hardware):argname("<name>")
end

-- Adds the conventions of MFU, and --set for what has no option of its own.
function plan_arguments.add_conventions(parser)
  parser:option("--attention", "FLOPs that MFU counts", "causal"):argname("<what>")
    :choices { "causal", "whole" }
  parser:option("--peak", "that MFU is a share of", "bf16"):argname("<precision>")
    :choices { "bf16", "fp8" }
  parser:option("--set", "any other option of dpl.plan, as name=value; may be repeated")
    :argname("<name=value>"):convert(assignment):count("*")
end

-- Adds the options of a layout.
function plan_arguments.add_layout(parser)
  for _, count in ipairs(COUNTS) do
    parser:option(count[1], count[3], count[4]):argname("<n>"):convert(arguments.count(count[1]))
      :target(count[2])
  end
  parser:option("--strategy", "schedule of the pipeline", "1f1b"):argname("<name>")
  parser:option("--recompute", "none, selective or full", "none"):argname("<what>")
  parser:option("--zero", "stage of ZeRO, 0 to 3", "1"):argname("<n>")
    :convert(arguments.count("--zero", 0))
  parser:option("--precision", "bf16 or fp8, of matrix products", "bf16"):argname("<name>")
  plan_arguments.add_conventions(parser)
end

local function model_of(name)
  if not name:find("%.json$") then
    return model.get(name)
  end
  local made, message = model.from_config(name)
  if made == nil then
    error(message, 0)
  end
  return made
end

-- The options of dpl.plan that model, hardware, conventions and --set say; raises for unknown names.
function plan_arguments.presets_of(args)
  local given = { model = model_of(args.model), hardware = hardware.get(args.hardware),
    causal = args.attention == "causal", peak = args.peak }
  if given.model.mtp_layers > 0 then
    given.mtp = false
  end
  for _, set in ipairs(args.set) do
    given[set.name] = set.value
  end
  return given
end

-- The options of dpl.plan of the command line.
function plan_arguments.options_of(args)
  local given = plan_arguments.presets_of(args)
  for _, count in ipairs(COUNTS) do
    given[count[2]] = args[count[2]]
  end
  for _, name in ipairs { "strategy", "recompute", "zero", "precision" } do
    given[name] = args[name]
  end
  given.global_batch = args.batch
  return given
end

-- What MFU counts, in words.
function plan_arguments.convention_of(given)
  return ("MFU counts %s attention%s, of the %s peak"):format(given.causal and "causal" or "whole",
    given.model.mtp_layers == 0 and "" or given.mtp and " and multi-token prediction"
      or ", not multi-token prediction", given.peak)
end

-- What is no plan is no fault of the script's: says so on standard error and exits with status 1.
function plan_arguments.expect(parser, result, message)
  if result == nil then
    io.stderr:write(parser:get_name(), ": ", message, "\n")
    os.exit(1, true)
  end
  return result
end

return plan_arguments
