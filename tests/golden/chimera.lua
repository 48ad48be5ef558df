-- Chimera's orders as its authors' program lays them out (github.com/Shigangli/Chimera,
-- chimera_pipeline_rank.py: direction, pipeline and kind of each action), in dpl's numbers: route
-- 2 i is pair i's way down, 2 i + 1 its way up, each takes as many chunks, in turn. At F = B the
-- idle share for one pair is (P - 2) / (2 M + P - 2) and the peaks are P / 2 + 1 to P, as the paper
-- is quoted (arXiv 2107.06925). Texts: one a rank.

return {
  {
    strategy = "chimera",
    num_ranks = 4,
    num_chunks = 4,
    costs = { F = 1, B = 1 },
    makespan = 10,
    bubble_ratio = 2 / 10,
    peak_share = { 3, 4, 4, 3 },
    order = {
      "0F0 0F1 7F2 7B2 7F3 7B3 0B0 0B1",
      "1F0 6F2 1F1 6F3 6B2 1B0 6B3 1B1",
      "5F2 2F0 5F3 2F1 2B0 5B2 2B1 5B3",
      "4F2 4F3 3F0 3B0 3F1 3B1 4B2 4B3",
    },
  },
  {
    strategy = "chimera",
    num_ranks = 4,
    num_chunks = 4,
    pipeline_pairs = 2,
    costs = { F = 1, B = 1 },
    makespan = 8,
    bubble_ratio = 0,
    peak_share = { 4, 4, 4, 4 },
    order = {
      "0F0 13F3 10F2 7F1 7B1 10B2 13B3 0B0",
      "12F3 1F0 6F1 11F2 11B2 6B1 1B0 12B3",
      "8F2 5F1 2F0 15F3 15B3 2B0 5B1 8B2",
      "4F1 9F2 14F3 3F0 3B0 14B3 9B2 4B1",
    },
  },
  {
    strategy = "chimera",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 1, B = 1 },
    makespan = 38,
    bubble_ratio = 6 / 38,
    peak_share = { 5, 6, 7, 8, 8, 7, 6, 5 },
  },
}
