-- dpl.hardware: presets, and accelerators of one's own.

local lu = require "luaunit"

local dpl = require "dpl"

local TestHardware = {}

function TestHardware.test_list()
  lu.assertEquals(dpl.hardware.list(), { "a100-pcie-80gb", "a100-sxm-40gb", "a100-sxm-80gb",
    "b200-sxm", "gb200", "h100-sxm", "h20-sxm", "h200-sxm", "h800-sxm", "mi250x", "mi300x", "tpuv4",
    "tpuv5p" })
end

-- Dense bf16 and fp8 in TFLOP/s, GiB, GB/s of memory, links within and between nodes.
local PUBLISHED <const> = {
  ["a100-sxm-40gb"] = { 312, nil, 40, 1555, 300, 25, 8 },
  ["a100-sxm-80gb"] = { 312, nil, 80, 2039, 300, 25, 8 },
  ["a100-pcie-80gb"] = { 312, nil, 80, 1935, 30, 25, 8 },
  ["h100-sxm"] = { 989.4, 1978.9, 80, 3350, 450, 50, 8 },
  ["h800-sxm"] = { 989.4, 1978.9, 80, 3350, 200, 50, 8 },
  ["h20-sxm"] = { 148, 296, 96, 4000, 450, 50, 8 },
  ["h200-sxm"] = { 989.4, 1978.9, 141, 4800, 450, 50, 8 },
  ["b200-sxm"] = { 2250, 4500, 180, 8000, 900, 50, 8 },
  gb200 = { 2500, 5000, 186, 8000, 900, 50, 72 },
  mi300x = { 1307.4, 2614.9, 192, 5300, 448, 50, 8 },
  mi250x = { 383, nil, 128, 3277, 200, 25, 4 },
  tpuv4 = { 275, nil, 32, 1228, 150, 3.1, 4096 },
  tpuv5p = { 459, 459, 95, 2765, 600, 6.25, 8960 },
}

function TestHardware.test_figures()
  for _, name in ipairs(dpl.hardware.list()) do
    local a = dpl.hardware.get(name)
    lu.assertEquals({ a.peak_tflops_bf16, a.peak_tflops_fp8, a.memory_bytes / 2 ^ 30, a.memory_gb_s,
      a.intra_gb_s, a.inter_gb_s, a.gpus_per_node }, PUBLISHED[name], name)
    lu.assertEquals(a.name, name)
    lu.assertNotNil(a.title)
    lu.assertTrue(#a.source > 0 and #a.intra_name > 0 and #a.inter_name > 0)
    lu.assertNil(a.price_per_hour)
  end
end

-- A field that is said to be recalled is one that is there.
function TestHardware.test_recalled_fields()
  local count = 0
  for _, name in ipairs(dpl.hardware.list()) do
    local a = dpl.hardware.get(name)
    for _, field in ipairs(a.recalled_fields or {}) do
      lu.assertNotNil(a[field], name .. field)
      count = count + 1
    end
  end
  lu.assertTrue(count > 15, count)
end

function TestHardware.test_other_spellings()
  for spelling, name in pairs { h800 = "h800-sxm", a100 = "a100-sxm-80gb", H100 = "h100-sxm",
    ["a100-40gb"] = "a100-sxm-40gb", ["A100-SXM-80GB"] = "a100-sxm-80gb", b200 = "b200-sxm",
    TPUv4 = "tpuv4", ["tpu-v5p"] = "tpuv5p" } do
    lu.assertEquals(dpl.hardware.get(spelling).name, name)
  end
end

function TestHardware.test_copies_are_ones_own()
  local a = dpl.hardware.get "h800"
  a.memory_gb_s, a.source[1] = 1, "changed"
  lu.assertEquals(dpl.hardware.get("h800").memory_gb_s, 3350)
  lu.assertNotEquals(dpl.hardware.get("h800").source[1], "changed")
end

function TestHardware.test_text()
  lu.assertEquals(tostring(dpl.hardware.get "h800"), "h800-sxm: 989.4 TFLOP/s bf16, 85.9 GB at "
    .. "3350 GB/s, links 200 GB/s in a node of 8, 50 GB/s between")
end

function TestHardware.test_unknown_names()
  local function refuses(text, ...)
    lu.assertErrorMsgContains(text, dpl.hardware.get, ...)
  end
  refuses("unknown hardware 'h80' (did you mean 'h20'?)", "h80")
  refuses("unknown hardware 'abacus': dpl.hardware.list() lists them", "abacus")
  refuses("the name of a hardware is wanted; dpl.hardware.list() lists them (got a number)", 3)
  lu.assertErrorMsgContains("no field 'memory_byte' (did you mean 'memory_bytes'?)", function()
    return dpl.hardware.get("h800").memory_byte
  end)
end

local TestHardwareDefine = {}

local SMALL <const> = { peak_tflops_bf16 = 1, memory_bytes = 2 ^ 30, memory_gb_s = 10,
  intra_gb_s = 5, inter_gb_s = 1 }

function TestHardwareDefine.test_defaults()
  local a = dpl.hardware.define(SMALL)
  lu.assertEquals({ a.name, a.gpus_per_node, a.peak_tflops_fp8 }, { "custom", 8, nil })
end

function TestHardwareDefine.test_from_a_preset()
  local a = dpl.hardware.define { base = "h800", name = "ours", price_per_hour = 2,
    inter_gb_s = 25 }
  lu.assertEquals({ a.name, a.price_per_hour, a.inter_gb_s, a.memory_gb_s, a.title },
    { "ours", 2, 25, 3350, nil })
  lu.assertEquals(dpl.hardware.get("h800").inter_gb_s, 50)
end

function TestHardwareDefine.test_mistakes()
  local function refuses(text, changes)
    local given = {}
    for _, fields in ipairs { SMALL, changes } do
      for name, value in pairs(fields) do
        given[name] = value
      end
    end
    lu.assertErrorMsgContains("dpl.hardware.define: " .. text, dpl.hardware.define, given)
  end
  for name in pairs(SMALL) do
    for _, wrong in ipairs { 0, -1, 0 / 0, 1 / 0, "1", {}, false } do
      refuses(("option '%s' must be a finite number above 0"):format(name), { [name] = wrong })
    end
  end
  refuses("option 'gpus_per_node' must be a whole number from 1", { gpus_per_node = 1.5 })
  refuses("option 'price_per_hour' must be a finite number, at least 0", { price_per_hour = -1 })
  refuses("option 'title' must be a string", { title = 1 })
  refuses("option 'source' must be a string or a list of strings", { source = { a = 1 } })
  refuses("unknown option 'intra_gbs' (did you mean 'intra_gb_s'?)", { intra_gbs = 1 })
  refuses("unknown hardware 'h801'", { base = "h801" })
  refuses("the name of a hardware is wanted", { base = 3 })
  local define = dpl.hardware.define
  lu.assertErrorMsgContains("option 'peak_tflops_bf16' is missing", define)
  lu.assertErrorMsgContains("options are given in a table (got 3)", define, 3)
end

-- What is known of a preset is known of what starts from it; what is given stands over both.
function TestHardwareDefine.test_efficiency_goes_with_the_base()
  local known = dpl.hardware.get("a100").efficiency
  local mine = dpl.hardware.define { base = "a100", host_gb_s = 32, efficiency = { inter = 0.5 } }
  lu.assertEquals(mine.efficiency.matmul, known.matmul)
  lu.assertEquals(mine.efficiency.source, known.source)
  lu.assertEquals(mine.efficiency.inter, 0.5)
  lu.assertNotEquals(known.inter, 0.5)
  lu.assertErrorMsgContains("did you mean 'matmul'?", dpl.hardware.define,
    { base = "a100", efficiency = { matmull = 1 } })
end

return { TestHardware = TestHardware, TestHardwareDefine = TestHardwareDefine }
