-- 1F1B, interleaved 1F1B, ZB-H1, ZB-H2 and the handmade ZB-V as the zero-bubble authors' generators
-- make them (arXiv 2401.10241, github.com/sail-sg/zero-bubble-pipeline-parallelism). Costs are
-- those of a stage, in microseconds of their models of 1.5B to 28.3B parameters, or with 1 for a
-- rank's share, of which each of two stages has half. peak_share: from F to W, in units of a rank's
-- share of one micro-batch. Texts: one a rank.

return {
  {
    strategy = "1f1b",
    num_ranks = 2,
    num_chunks = 2,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 9,
    bubble_ratio = 0.3333333333333333,
    span = 9,
    bubble_rate_span = 0.3333333333333333,
    peak_share = { 2, 1 },
    order = {
      "0F0 0F1 0B0 0B1",
      "1F0 1B0 1F1 1B1",
    },
  },
  {
    strategy = "zb_h1",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 13,
    bubble_ratio = 0.07692307692307693,
    span = 13,
    bubble_rate_span = 0.07692307692307693,
    peak_share = { 2, 2 },
    order = {
      "0F0 0F1 0I0 0W0 0F2 0I1 0W1 0F3 0I2 0W2 0I3 0W3",
      "1F0 1I0 1F1 1I1 1W0 1F2 1I2 1W1 1F3 1I3 1W2 1W3",
    },
  },
  {
    strategy = "zb_h1",
    num_ranks = 4,
    num_chunks = 4,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 15,
    bubble_ratio = 0.2,
    span = 15,
    bubble_rate_span = 0.2,
    peak_share = { 4, 4, 4, 4 },
    order = {
      "0F0 0F1 0F2 0F3 0I0 0W0 0I1 0W1 0I2 0W2 0I3 0W3",
      "1F0 1F1 1F2 1I0 1F3 1I1 1W0 1I2 1W1 1I3 1W2 1W3",
      "2F0 2F1 2I0 2F2 2I1 2F3 2I2 2W0 2I3 2W1 2W2 2W3",
      "3F0 3I0 3F1 3I1 3F2 3I2 3F3 3I3 3W0 3W1 3W2 3W3",
    },
  },
  {
    strategy = "1f1b",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 18522, I = 18086, W = 9337, p2p = 601 },
    makespan = 515011,
    bubble_ratio = 0.28630650607462754,
    span = 515011,
    bubble_rate_span = 0.28630650607462754,
    peak_share = { 4, 3, 2, 1 },
    order = {
      "0F0 0F1 0F2 0F3 0B0 0F4 0B1 0F5 0B2 0F6 0B3 0F7 0B4 0B5 0B6 0B7",
      "1F0 1F1 1F2 1B0 1F3 1B1 1F4 1B2 1F5 1B3 1F6 1B4 1F7 1B5 1B6 1B7",
      "2F0 2F1 2B0 2F2 2B1 2F3 2B2 2F4 2B3 2F5 2B4 2F6 2B5 2F7 2B6 2B7",
      "3F0 3B0 3F1 3B1 3F2 3B2 3F3 3B3 3F4 3B4 3F5 3B5 3F6 3B6 3F7 3B7",
    },
  },
  {
    strategy = "zb_h1",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 29718, I = 29444, W = 19927, p2p = 527 },
    makespan = 756741,
    bubble_ratio = 0.1638988768944725,
    span = 756741,
    bubble_rate_span = 0.1638988768944725,
    peak_share = { 4, 4, 4, 4 },
    order = {
      [[
        0F0 0F1 0F2 0F3 0I0 0W0 0F4 0I1 0W1 0F5 0I2 0W2 0F6 0I3 0W3 0F7 0I4 0W4 0I5 0W5 0I6 0W6
        0I7 0W7
      ]],
      [[
        1F0 1F1 1F2 1I0 1F3 1I1 1W0 1F4 1I2 1W1 1F5 1I3 1W2 1F6 1I4 1W3 1F7 1I5 1W4 1I6 1W5 1I7
        1W6 1W7
      ]],
      [[
        2F0 2F1 2I0 2F2 2I1 2F3 2I2 2W0 2F4 2I3 2W1 2F5 2I4 2W2 2F6 2I5 2W3 2F7 2I6 2W4 2I7 2W5
        2W6 2W7
      ]],
      [[
        3F0 3I0 3F1 3I1 3F2 3I2 3F3 3I3 3W0 3F4 3I4 3W1 3F5 3I5 3W2 3F6 3I6 3W3 3F7 3I7 3W4 3W5
        3W6 3W7
      ]],
    },
  },
  {
    strategy = "zb_h1",
    num_ranks = 4,
    num_chunks = 12,
    costs = { F = 11347, I = 11248, W = 8132, p2p = 377 },
    makespan = 416637,
    bubble_ratio = 0.11499938795642249,
    span = 416637,
    bubble_rate_span = 0.11499938795642249,
    peak_share = { 4, 4, 4, 4 },
  },
  {
    strategy = "1f1b",
    num_ranks = 4,
    num_chunks = 32,
    costs = { F = 10419, I = 10207, W = 7715, p2p = 408 },
    makespan = 1013151,
    bubble_ratio = 0.10485998631990691,
    span = 1013151,
    bubble_rate_span = 0.10485998631990691,
    peak_share = { 4, 3, 2, 1 },
  },
  {
    strategy = "zb_h1",
    num_ranks = 4,
    num_chunks = 32,
    costs = { F = 10419, I = 10207, W = 7715, p2p = 408 },
    makespan = 950541,
    bubble_ratio = 0.04589912481418477,
    span = 950541,
    bubble_rate_span = 0.04589912481418477,
    peak_share = { 4, 4, 4, 4 },
  },
  {
    strategy = "1f1b",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 69,
    bubble_ratio = 0.30434782608695654,
    span = 69,
    bubble_rate_span = 0.30434782608695654,
    peak_share = { 8, 7, 6, 5, 4, 3, 2, 1 },
  },
  {
    strategy = "zb_h1",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 55,
    bubble_ratio = 0.12727272727272726,
    span = 55,
    bubble_rate_span = 0.12727272727272726,
    peak_share = { 8, 8, 8, 8, 8, 8, 8, 8 },
  },
  {
    strategy = "interleaved_1f1b",
    num_ranks = 2,
    num_chunks = 4,
    stages_per_rank = 2,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    makespan = 13.5,
    bubble_ratio = 0.1111111111111111,
    span = 13.5,
    bubble_rate_span = 0.1111111111111111,
    peak_share = { 2.5, 1.5 },
    order = {
      "0F0 0F1 2F0 2F1 0F2 2B0 0F3 2B1 2F2 0B0 2F3 0B1 2B2 2B3 0B2 0B3",
      "1F0 1F1 3F0 3B0 3F1 3B1 1F2 1B0 1F3 1B1 3F2 3B2 3F3 3B3 1B2 1B3",
    },
  },
  {
    strategy = "interleaved_1f1b",
    num_ranks = 4,
    num_chunks = 8,
    stages_per_rank = 2,
    costs = { F = 14859, I = 14722, W = 9963.5, p2p = 527 },
    makespan = 758723.5,
    bubble_ratio = 0.16608356008480032,
    span = 758723.5,
    bubble_rate_span = 0.16608356008480032,
    peak_share = { 5.5, 4.5, 3.5, 2.5 },
  },
  {
    strategy = "zb_h2",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 13,
    bubble_ratio = 0.076923076923076927,
    span = 12,
    bubble_rate_span = 0,
    peak_share = { 3, 3 },
    order = {
      "0F0 0F1 0F2 0I0 0W0 0F3 0I1 0W1 0I2 0W2 0I3 0W3",
      "1F0 1I0 1F1 1I1 1F2 1I2 1W0 1F3 1I3 1W1 1W2 1W3",
    },
  },
  {
    strategy = "zb_h2",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 18522, I = 18086, W = 9337, p2p = 601 },
    makespan = 424968,
    bubble_ratio = 0.13508781837691308,
    span = 424968,
    bubble_rate_span = 0.13508781837691308,
    peak_share = { 7, 7, 7, 7 },
  },
  {
    strategy = "zb_h2",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    makespan = 55,
    bubble_ratio = 0.12727272727272726,
    span = 48,
    bubble_rate_span = 0,
    peak_share = { 15, 15, 15, 15, 15, 15, 15, 15 },
  },
  {
    strategy = "zbv",
    num_ranks = 2,
    num_chunks = 4,
    stages_per_rank = 2,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    makespan = 12.5,
    bubble_ratio = 0.040000000000000001,
    span = 12,
    bubble_rate_span = 0,
    peak_share = { 2, 2 },
    order = {
      [[
        0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 3W1 0F3 0I0 0W0 3F2 3I2 3W2 0I1 0W1 3F3 3I3 3W3 0I2 0W2
        0I3 0W3
      ]],
      [[
        1F0 2F0 1F1 2F1 2I0 2W0 1F2 1I0 1W0 2F2 2I1 2W1 1F3 1I1 1W1 2F3 2I2 2W2 1I2 2I3 1I3 1W2
        2W3 1W3
      ]],
    },
  },
  {
    strategy = "zbv",
    num_ranks = 4,
    num_chunks = 4,
    stages_per_rank = 2,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    makespan = 15,
    bubble_ratio = 0.20000000000000001,
    span = 15,
    bubble_rate_span = 0.20000000000000001,
    peak_share = { 2.5, 3, 3.5, 4 },
  },
}
