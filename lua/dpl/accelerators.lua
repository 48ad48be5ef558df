-- Accelerators, by name: what dpl.hardware.get gives. Fields are those that dpl.hardware.define
-- takes. Peaks are dense; links are in 10^9 bytes a second of one device in one direction. `source`
-- says where the figures were read, `recalled_fields` which of them were written down from memory.
--
-- Memory: what vendors call 80 GB is 80 * 2^30 bytes of chips, of which a percent or so is not for
-- programs (an H800 that DeepSeek profiled says 84.9e9, 80 * 2^30 being 85.9e9).

local GIB <const> = 1 << 30

return {
  ["a100-sxm-40gb"] = {
    title = "A100-SXM-40GB", aliases = { "a100-40gb" },
    peak_tflops_bf16 = 312, memory_bytes = 40 * GIB, memory_gb_s = 1555, gpus_per_node = 8,
    intra_gb_s = 300, intra_name = "NVLink 3, NVSwitch",
    inter_gb_s = 25, inter_name = "HDR InfiniBand, 200 Gb/s a GPU",
    source = {
      "llm-analysis@d841e40 llm_analysis/gpu_configs/a100-sxm-40gb.json",
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops",
      "Korthikanti 2022 sec.6 (8x 200Gb HDR per node)",
    },
  },
  ["a100-sxm-80gb"] = {
    title = "A100-SXM-80GB", aliases = { "a100", "a100-80gb", "a100-sxm" },
    peak_tflops_bf16 = 312, memory_bytes = 80 * GIB, memory_gb_s = 2039, gpus_per_node = 8,
    intra_gb_s = 300, intra_name = "NVLink 3, NVSwitch",
    inter_gb_s = 25, inter_name = "HDR InfiniBand, 200 Gb/s a GPU",
    source = {
      "llm-analysis@d841e40 llm_analysis/gpu_configs/a100-sxm-80gb.json",
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops",
      "calculon@caa4b11 systems/a100_80g.json (300 and 25 GB/s)",
    },
  },
  ["a100-pcie-80gb"] = {
    title = "A100-PCIe-80GB", aliases = { "a100-pcie" },
    peak_tflops_bf16 = 312, memory_bytes = 80 * GIB, memory_gb_s = 1935, gpus_per_node = 8,
    intra_gb_s = 30, intra_name = "PCIe 4 x16",
    inter_gb_s = 25, inter_name = "200 Gb/s a GPU",
    source = {
      "SimuMax@4dcaae5 configs/system/a100_pcie.json (it uses 1600 GB/s HBM, measured)",
    },
    recalled_fields = { "memory_gb_s" },
    note = "SimuMax models 30 GB/s for PCIe, of which half is reached, and 1600 GB/s of HBM, as "
      .. "measured",
  },
  ["h100-sxm"] = {
    title = "H100-SXM", aliases = { "h100" },
    peak_tflops_bf16 = 989.4, peak_tflops_fp8 = 1978.9, memory_bytes = 80 * GIB,
    memory_gb_s = 3350, gpus_per_node = 8,
    intra_gb_s = 450, intra_name = "NVLink 4, NVSwitch",
    inter_gb_s = 50, inter_name = "NDR InfiniBand, 400 Gb/s a GPU",
    source = {
      "llm-analysis@d841e40 llm_analysis/gpu_configs/h100-sxm-80gb.json (989/1979/3350/450)",
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops",
      "Llama 3 paper sec.3.3.1: 400 Gbps between GPUs",
    },
  },
  ["h800-sxm"] = {
    title = "H800-SXM", aliases = { "h800" },
    peak_tflops_bf16 = 989.4, peak_tflops_fp8 = 1978.9, memory_bytes = 80 * GIB,
    memory_gb_s = 3350, gpus_per_node = 8,
    intra_gb_s = 200, intra_name = "NVLink 4, cut to 400 GB/s both ways",
    inter_gb_s = 50, inter_name = "NDR InfiniBand, 400 Gb/s a GPU",
    source = {
      "DeepSeek-V3 report sec.3.2.2: 'NVLink offers 160 GB/s, 3.2x IB (50 GB/s)'",
      "DeepSeek profile-data train.json deviceProperties: 132 SMs, 84.9e9 B",
      "no public vendor datasheet any more; 400 GB/s from secondary sources",
    },
    recalled_fields = { "peak_tflops_bf16", "peak_tflops_fp8", "memory_gb_s" },
    note = "DeepSeek gives 160 GB/s of NVLink as usable; the device says it has 84.9e9 bytes",
  },
  ["h20-sxm"] = {
    title = "H20-SXM", aliases = { "h20" },
    peak_tflops_bf16 = 148, peak_tflops_fp8 = 296, memory_bytes = 96 * GIB, memory_gb_s = 4000,
    gpus_per_node = 8,
    intra_gb_s = 450, intra_name = "NVLink 4",
    inter_gb_s = 50, inter_name = "NDR InfiniBand, 400 Gb/s a GPU",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (148; cites Tom's Hardware)",
      "a secondary source: 96 GB, 4.0 TB/s, 148 and 296 TFLOP/s, 900 GB/s both ways",
    },
  },
  ["h200-sxm"] = {
    title = "H200-SXM", aliases = { "h200" },
    peak_tflops_bf16 = 989.4, peak_tflops_fp8 = 1978.9, memory_bytes = 141 * GIB,
    memory_gb_s = 4800, gpus_per_node = 8,
    intra_gb_s = 450, intra_name = "NVLink 4",
    inter_gb_s = 50, inter_name = "NDR InfiniBand, 400 Gb/s a GPU",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops",
      "https://itkb.uw.cz/2026/06/nvidia-h200-vs-b300-precisions-cores.html (141GB, "
        .. "4.8TB/s, 989/1979 dense, 900 GB/s)",
    },
  },
  ["b200-sxm"] = {
    title = "B200-SXM", aliases = { "b200" },
    peak_tflops_bf16 = 2250, peak_tflops_fp8 = 4500, memory_bytes = 180 * GIB, memory_gb_s = 8000,
    gpus_per_node = 8,
    intra_gb_s = 900, intra_name = "NVLink 5",
    inter_gb_s = 50, inter_name = "400 Gb/s a GPU",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (2.25e15)",
      "SimuMax@4dcaae5 configs/system/b200_bf16_ceperm.json (2250, 8000, 900)",
      "acecloud.ai: DGX B200 1440GB/8",
    },
    recalled_fields = { "peak_tflops_fp8" },
    note = "800 Gb/s a GPU with ConnectX-8 are possible",
  },
  ["gb200"] = {
    title = "GB200",
    peak_tflops_bf16 = 2500, peak_tflops_fp8 = 5000, memory_bytes = 186 * GIB, memory_gb_s = 8000,
    gpus_per_node = 72,
    intra_gb_s = 900, intra_name = "NVLink 5, domain of 72",
    inter_gb_s = 50, inter_name = "400 Gb/s a GPU",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (2.5e15)",
    },
    recalled_fields = {
      "peak_tflops_fp8", "memory_bytes", "memory_gb_s", "intra_gb_s", "inter_gb_s",
    },
  },
  ["mi300x"] = {
    title = "MI300X",
    peak_tflops_bf16 = 1307.4, peak_tflops_fp8 = 2614.9, memory_bytes = 192 * GIB,
    memory_gb_s = 5300, gpus_per_node = 8,
    intra_gb_s = 448, intra_name = "xGMI, full mesh of 7 links",
    inter_gb_s = 50, inter_name = "400 Gb/s a GPU",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (rounds to 1300)",
      "emergentmind.com/topics/amd-mi300x-gpu: 128 GB/s bidir per link, 448 GB/s aggregate",
      "jaredwatkins.com MI300: ~1.3 PF FP16, ~2.6 PF FP8, 192GB, 5.3TB/s",
    },
    recalled_fields = { "peak_tflops_bf16", "peak_tflops_fp8" },
    note = "one pair of GPUs has one link, 64 GB/s; intra_gb_s is all seven together",
  },
  ["mi250x"] = {
    title = "MI250X",
    peak_tflops_bf16 = 383, memory_bytes = 128 * GIB, memory_gb_s = 3277, gpus_per_node = 4,
    intra_gb_s = 200, intra_name = "Infinity Fabric",
    inter_gb_s = 25, inter_name = "Slingshot 11, 200 Gb/s a module",
    source = {
      "llm-analysis@d841e40 llm_analysis/gpu_configs/mi250x-128gb.json (383, 3200, 128)",
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (191.5 per GCD)",
    },
    recalled_fields = { "memory_gb_s", "intra_gb_s", "inter_gb_s" },
    note = "one module of two dies: frameworks see two devices of half of this each; between "
      .. "modules 50 to 100 GB/s; 4 modules a node, as in Frontier",
  },
  ["tpuv4"] = {
    title = "TPUv4", aliases = { "tpu-v4" },
    peak_tflops_bf16 = 275, memory_bytes = 32 * GIB, memory_gb_s = 1228, gpus_per_node = 4096,
    intra_gb_s = 150, intra_name = "ICI, 3D torus",
    inter_gb_s = 3.1, inter_name = "data-centre network",
    source = {
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops (275)",
      "https://glennklockwood.com/garden/tpuv4 (32GB, 1.2TB/s, cites cloud.google.com)",
    },
    recalled_fields = { "intra_gb_s", "inter_gb_s", "memory_gb_s", "gpus_per_node" },
    note = "six links of 50 GB/s, 300 GB/s both ways together; gpus_per_node is a whole pod, all "
      .. "of it on ICI",
  },
  ["tpuv5p"] = {
    title = "TPUv5p", aliases = { "tpu-v5p" },
    peak_tflops_bf16 = 459, peak_tflops_fp8 = 459, memory_bytes = 95 * GIB, memory_gb_s = 2765,
    gpus_per_node = 8960,
    intra_gb_s = 600, intra_name = "ICI, 3D torus",
    inter_gb_s = 6.25, inter_name = "data-centre network, 50 Gb/s a chip",
    source = {
      "https://docs.cloud.google.com/tpu/docs/v5p-training (459/459/95GiB/2765/1200/50Gbps)",
      "torchtitan@b5bcd76 torchtitan/utils.py get_peak_flops",
      "maxtext@e591f30c docs/.../understand_logs_and_metrics.md:261",
    },
    recalled_fields = { "gpus_per_node" },
    note = "FP8 runs at the rate of BF16, INT8 at 918; 1200 GB/s both ways together; "
      .. "gpus_per_node is a whole pod, all of it on ICI",
  },
}
