-- What others measured on real machines, as they published it: what dpl.validation predicts.
--
-- A source has name, title, source (where the figures were read), note (what it does not say and
-- what is assumed for it), rows and left_out, a list of { what, why }. A row has a name and
--   the run: model (a name or dimensions, with a base), hardware, gpus, and options of dpl.plan
--     (tensor_parallel, global_batch, ...); `causal` is the convention that the source counts by;
--   what was measured: step_time, forward and backward (s; lists by stage), samples and tokens a
--     second on a GPU (samples_per_second_per_gpu, tokens_per_second_per_gpu), tflops_per_gpu, mfu
--     and hfu (shares), aggregate_pflops, days, memory_gib or memory_gb of the fullest GPU; or what
--     was worked out: state_gib, activation_gib;
--   of a profile: F, I, W, p2p (s);
--   its part: fitted (a figure of the simulation is fitted on it), calibration (the machine's
--     efficiencies are); neither is scored.

local presets = require "dpl.presets"

local measured = {}

local FILES <const> = { "gpt", "pipelines", "vtrain", "simumax", "h100", "deepseek" }

-- Sources none of whose rows are here, since nobody read the figures: they were written down from
-- memory.
measured.left_out = {
  { what = "BLOOM 176B", why = "recalled, not read" },
  { what = "MegaScale 175B", why = "recalled, not read" },
  { what = "PaLM 540B", why = "recalled, not read" },
}

local function complete(source)
  for i, row in ipairs(source.rows) do
    local whole = presets.override(source.common or {}, row)
    whole.hardware = whole.hardware or source.hardware
    if type(whole.model) == "table" and not whole.model.base then
      whole.model.seq_len = whole.seq_len
    end
    source.rows[i] = whole
  end
  source.common = nil
  source.left_out = source.left_out or {}
  return source
end

-- All sources, in order, copies that share nothing: every row has what its source's rows share.
function measured.sources()
  local sources = {}
  for _, file in ipairs(FILES) do
    for _, source in ipairs(require("dpl.measured_" .. file)) do
      sources[#sources + 1] = complete(presets.copy(source))
    end
  end
  return sources
end

return measured
