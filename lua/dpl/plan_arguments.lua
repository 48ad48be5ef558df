-- Options of scripts that plan a model on hardware: what they are called on a command line, and the
-- options of dpl.plan that they stand for.

local arguments = require "dpl.arguments"
local model = require "dpl.model"

local plan_arguments = {}

-- A flag, a number or a text, whichever it reads as.
function plan_arguments.value(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
  return math.tointeger(tonumber(text)) or tonumber(text) or text
end

local function assignment(text)
  local name, value = text:match("^([%w_]+)=(.+)$")
  if name == nil then
    return nil, ("option '--set' must be name=value, an option of dpl.plan (got '%s')"):format(text)
  end
  return { name = name, value = plan_arguments.value(value) }
end

-- Adds --model and --hardware, and how MFU is counted.
function plan_arguments.add_model(parser, default_model, default_hardware)
  parser:option("--model", "a preset of dpl.model, or the path of a config.json", default_model)
    :argname("<name>")
  parser:option("--hardware", "a preset of dpl.hardware", default_hardware):argname("<name>")
  parser:option("--attention", "the FLOPs of it that MFU counts", "causal"):argname("<what>")
    :choices { "causal", "whole" }
  parser:option("--peak", "that MFU is a share of", "bf16"):argname("<precision>")
    :choices { "bf16", "fp8" }
  parser:option("--precision", "of matrix products", "bf16"):argname("<precision>")
    :choices { "bf16", "fp8" }
  parser:option("--set", "any other option of dpl.plan, as name=value; may be repeated")
    :argname("<name=value>"):count("*"):convert(assignment)
end

local DEGREES <const> = {
  { "--tensor", "GPUs that cut each layer", "tensor_parallel" },
  { "--pipeline", "ranks of the pipeline", "pipeline_parallel" },
  { "--data", "copies of the pipeline", "data_parallel" },
  { "--context", "GPUs that cut the sequence", "context_parallel" },
  { "--expert", "GPUs that share out the experts", "expert_parallel" },
  { "--micro-batch", "samples of a micro-batch", "micro_batch" },
}

-- Adds the layout: degrees, strategy, recomputation, ZeRO.
function plan_arguments.add_layout(parser)
  for _, degree in ipairs(DEGREES) do
    parser:option(degree[1], degree[2], "1"):argname("<n>"):convert(arguments.count(degree[1]))
      :target(degree[3])
  end
  parser:option("--strategy", "of the pipeline", "1f1b"):argname("<name>")
  parser:option("--recompute", "what the backward works out again", "none"):argname("<what>")
    :choices { "none", "selective", "full" }
  parser:option("--zero", "stage of ZeRO", "1"):argname("<n>"):convert(arguments.count("--zero", 0))
end

-- The model of --model: a preset, or that of a file.
function plan_arguments.model_of(args)
  if args.model:find("%.json$") then
    local found, message = model.from_config(args.model)
    return found or error(message, 0)
  end
  return model.get(args.model)
end

-- Models that send a token to the experts of so many nodes at most: arXiv 2412.19437, 2.1.2.
local EXPERT_NODES <const> = { ["deepseek-v3"] = 4 }

-- The options of dpl.plan that the command line has given. What a model is trained with it has
-- without being told: its multi-token prediction, and experts on few nodes.
function plan_arguments.options_of(args)
  local found = plan_arguments.model_of(args)
  local given = { model = found, hardware = require("dpl.hardware").get(args.hardware),
    causal = args.attention == "causal", mtp = false, peak = args.peak,
    precision = args.precision, train_mtp = found.mtp_layers > 0,
    expert_nodes = EXPERT_NODES[found.name] }
  for _, degree in ipairs(DEGREES) do
    given[degree[3]] = args[degree[3]]
  end
  for _, name in ipairs { "strategy", "recompute", "zero" } do
    given[name] = args[name]
  end
  for _, set in ipairs(args.set or {}) do
    given[set.name] = set.value
  end
  return given
end

-- What MFU counts, in words.
function plan_arguments.convention(given)
  return ("%s attention%s; of the %s peak"):format(given.causal and "causal" or "whole",
    given.model.mtp_layers > 0 and (", multi-token prediction " .. (given.mtp and "counted"
      or "not counted")) or "", given.peak)
end

return plan_arguments
