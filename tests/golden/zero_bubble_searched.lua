-- The orders that the zero-bubble authors' schedulers search for: ZB-1p, ZB-2p and ZB-V (arXiv
-- 2401.10241), V-Half and V-Min (arXiv 2405.15362), as they make them
-- (github.com/sail-sg/zero-bubble-pipeline-parallelism). Costs are those of a stage, in
-- microseconds of their models of 1.5B to 28.3B parameters, or with 1 for a rank's share.
-- peak_share: from F to W, in units of a rank's share of one micro-batch; peak_share_weighted:
-- where I frees all but weight_memory, which is their M_W / M_B. Texts: one a rank.

return {
  {
    strategy = "zb_1p",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    weight_memory = 0.5,
    makespan = 13,
    bubble_ratio = 0.07692307692307693,
    span = 13,
    bubble_rate_span = 0.07692307692307693,
    peak_share = { 2, 2 },
    peak_share_weighted = { 2, 1.5 },
    order = {
      "0F0 0F1 0I0 0W0 0F2 0I1 0W1 0F3 0I2 0W2 0I3 0W3",
      "1F0 1I0 1F1 1I1 1W0 1F2 1I2 1W1 1F3 1I3 1W2 1W3",
    },
  },
  {
    strategy = "zb_1p",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 29718, I = 29444, W = 19927, p2p = 527 },
    weight_memory = 131072 / 303104,
    makespan = 756741,
    bubble_ratio = 0.1638988768944725,
    span = 756741,
    bubble_rate_span = 0.1638988768944725,
    peak_share = { 4, 4, 4, 4 },
    peak_share_weighted = { 4, 3.4324324324324325, 2.864864864864865, 2.2972972972972974 },
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
    strategy = "zb_1p",
    num_ranks = 4,
    num_chunks = 16,
    costs = { F = 18522, I = 18086, W = 9337, p2p = 601 },
    weight_memory = 73728 / 201216,
    makespan = 824145,
    bubble_ratio = 0.10802103998689551,
    span = 824145,
    bubble_rate_span = 0.10802103998689551,
    peak_share = { 4, 4, 4, 4 },
    peak_share_weighted = { 4, 3.366412213740458, 2.732824427480916, 2.099236641221374 },
  },
  {
    strategy = "zb_2p",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    weight_memory = 0.5,
    makespan = 13,
    bubble_ratio = 0.07692307692307693,
    span = 12,
    bubble_rate_span = 0,
    peak_share = { 4, 4 },
    peak_share_weighted = { 3.5, 2.5 },
    order = {
      "0F0 0F1 0F2 0I0 0F3 0W0 0I1 0W1 0I2 0W2 0I3 0W3",
      "1F0 1I0 1F1 1I1 1F2 1I2 1F3 1I3 1W0 1W1 1W2 1W3",
    },
  },
  {
    strategy = "zb_2p",
    num_ranks = 4,
    num_chunks = 12,
    costs = { F = 11347, I = 11248, W = 8132, p2p = 377 },
    weight_memory = 131072 / 303104,
    makespan = 403896,
    bubble_ratio = 0.08708182304355577,
    span = 370689,
    bubble_rate_span = 0.005300939601660691,
    peak_share = { 10, 11, 12, 12 },
    peak_share_weighted = {
      7.864864864864865, 7.594594594594595, 6.891891891891892, 5.756756756756757,
    },
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 0I0 0F7 0I1 0F8 0I2 0W0 0F9 0I3 0W1 0F10 0I4 0I5 0F11 0W2 0W3
        0W4 0W5 0I6 0W6 0I7 0W7 0I8 0W8 0I9 0W9 0I10 0W10 0I11 0W11
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 1I0 1F5 1I1 1F6 1I2 1F7 1I3 1F8 1I4 1F9 1I5 1F10 1I6 1W0 1F11 1I7 1W1
        1I8 1W2 1I9 1W3 1W4 1I10 1W5 1I11 1W6 1W7 1W8 1W9 1W10 1W11
      ]],
      [[
        2F0 2F1 2F2 2I0 2F3 2I1 2F4 2I2 2F5 2I3 2F6 2I4 2F7 2I5 2F8 2I6 2F9 2I7 2F10 2I8 2F11 2I9
        2W0 2W1 2I10 2W2 2I11 2W3 2W4 2W5 2W6 2W7 2W8 2W9 2W10 2W11
      ]],
      [[
        3F0 3I0 3F1 3I1 3F2 3I2 3F3 3I3 3F4 3I4 3F5 3I5 3F6 3I6 3F7 3I7 3F8 3I8 3F9 3I9 3F10 3I10
        3F11 3I11 3W0 3W1 3W2 3W3 3W4 3W5 3W6 3W7 3W8 3W9 3W10 3W11
      ]],
    },
  },
  {
    strategy = "zb_2p",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 1, I = 1, W = 1, p2p = 0 },
    weight_memory = 0.5,
    makespan = 55,
    bubble_ratio = 0.12727272727272726,
    span = 48,
    bubble_rate_span = 0,
    peak_share = { 16, 16, 16, 16, 16, 16, 16, 16 },
    peak_share_weighted = { 15.5, 14.5, 13.5, 12.5, 11.5, 10.5, 9.5, 8.5 },
  },
  {
    strategy = "zbv_greedy",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 12.5,
    bubble_ratio = 0.04,
    span = 12,
    bubble_rate_span = 0,
    peak_share = { 2, 2 },
    peak_share_weighted = { 2, 2 },
    order = {
      [[
        0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 3W1 0F3 0I0 0W0 3F2 3I2 3W2 0I1 0W1 3F3 3I3 0I2 3W3 0I3
        0W2 0W3
      ]],
      [[
        1F0 2F0 1F1 2F1 2I0 2W0 1F2 1I0 1W0 2F2 2I1 2W1 1F3 1I1 1W1 2F3 2I2 1I2 2I3 1I3 2W2 1W2
        2W3 1W3
      ]],
    },
  },
  {
    strategy = "zbv_greedy",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 5209.5, I = 5103.5, W = 3857.5, p2p = 408 },
    weight_memory = 131072 / 303104,
    makespan = 248476.5,
    bubble_ratio = 0.08752739192639948,
    span = 238008.5,
    bubble_rate_span = 0.04739536613188185,
    peak_share = { 4, 4, 4, 4 },
    peak_share_weighted = { 4, 4, 4, 4 },
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3 7I3 7W3 0F7 0I0 0W0
        7F4 7I4 7W4 0I1 0W1 7F5 7I5 7W5 0I2 0W2 7F6 7I6 7W6 0I3 0W3 7F7 7I7 0I4 7W7 0W4 0I5 0W5
        0I6 0W6 0I7 0W7
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 6F0 1F5 6F1 6I0 6W0 6F2 6I1 6W1 6F3 6I2 6W2 1F6 1I0 1W0 6F4 6I3 6W3
        1F7 1I1 1W1 6F5 6I4 6W4 1I2 1W2 6F6 6I5 6W5 1I3 1W3 6F7 6I6 1I4 6I7 1I5 6W6 1W4 1I6 6W7
        1I7 1W5 1W6 1W7
      ]],
      [[
        2F0 2F1 2F2 5F0 2F3 5F1 2F4 5F2 5I0 5W0 5F3 5I1 5W1 2F5 2I0 2W0 5F4 5I2 5W2 2F6 2I1 2W1
        5F5 5I3 5W3 2F7 2I2 2W2 5F6 5I4 5W4 2I3 2W3 5F7 5I5 2I4 5I6 2I5 5I7 2I6 5W5 2I7 2W4 5W6
        2W5 5W7 2W6 2W7
      ]],
      [[
        3F0 4F0 3F1 4F1 3F2 4F2 3F3 4F3 4I0 4W0 3F4 3I0 3W0 4F4 4I1 4W1 3F5 3I1 3W1 4F5 4I2 4W2
        3F6 3I2 3W2 4F6 4I3 4W3 3F7 3I3 3W3 4F7 4I4 3I4 4I5 3I5 4I6 3I6 4I7 3I7 4W4 3W4 4W5 3W5
        4W6 3W6 4W7 3W7
      ]],
    },
  },
  {
    strategy = "zbv_greedy",
    num_ranks = 8,
    num_chunks = 24,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 75.5,
    bubble_ratio = 0.046357615894039736,
    span = 72,
    bubble_rate_span = 0,
    peak_share = { 8, 8, 8, 8, 8, 8, 8, 8 },
    peak_share_weighted = { 8, 8, 8, 8, 8, 8, 8, 8 },
  },
  {
    strategy = "v_half",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 12.5,
    bubble_ratio = 0.04,
    span = 12.5,
    bubble_rate_span = 0.04,
    peak_share = { 2, 2 },
    peak_share_weighted = { 2, 2 },
    order = {
      [[
        0F0 0F1 0F2 3F0 3I0 3W0 3F1 0I0 3I1 3W1 3F2 0W0 0F3 0I1 3I2 3W2 3F3 3I3 0I2 3W3 0I3 0W1
        0W2 0W3
      ]],
      [[
        1F0 2F0 1F1 2F1 2I0 2W0 1I0 1W0 1F2 2F2 2I1 1I1 2W1 1F3 1W1 2F3 2I2 1I2 2I3 1I3 2W2 2W3
        1W2 1W3
      ]],
    },
  },
  {
    strategy = "v_half",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 9261, I = 9043, W = 4668.5, p2p = 601 },
    weight_memory = 73728 / 201216,
    makespan = 449831.5,
    bubble_ratio = 0.18289403921246067,
    span = 449831.5,
    bubble_rate_span = 0.18289403921246067,
    peak_share = { 3, 3, 3, 3 },
    peak_share_weighted = { 3, 3, 3, 3 },
  },
  {
    strategy = "v_half",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 56.5,
    bubble_ratio = 0.1504424778761062,
    span = 56.5,
    bubble_rate_span = 0.1504424778761062,
    peak_share = { 5, 5, 5, 5, 5, 5, 5, 5 },
    peak_share_weighted = { 5, 5, 5, 5, 5, 5, 5, 5 },
  },
  {
    strategy = "v_min",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 13.5,
    bubble_ratio = 0.1111111111111111,
    span = 13.5,
    bubble_rate_span = 0.1111111111111111,
    peak_share = { 1.5, 2 },
    peak_share_weighted = { 1.5, 1.5 },
    order = {
      [[
        0F0 0F1 3F0 3I0 3W0 0I0 0W0 3F1 3I1 3W1 0F2 0I1 0W1 3F2 3I2 3W2 0F3 0I2 0W2 3F3 3I3 3W3
        0I3 0W3
      ]],
      [[
        1F0 2F0 2I0 1I0 1F1 2F1 2W0 1W0 2I1 1I1 1F2 2F2 2W1 1W1 2I2 1I2 1F3 2F3 2W2 1W2 2I3 1I3
        2W3 1W3
      ]],
    },
  },
  {
    strategy = "v_min",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 9261, I = 9043, W = 4668.5, p2p = 601 },
    weight_memory = 73728 / 201216,
    makespan = 562140.5,
    bubble_ratio = 0.34614211215879304,
    span = 562140.5,
    bubble_rate_span = 0.34614211215879304,
    peak_share = { 2, 2, 2, 2 },
    peak_share_weighted = { 2, 2, 2, 2 },
  },
  {
    strategy = "v_min",
    num_ranks = 8,
    num_chunks = 16,
    costs = { F = 0.5, I = 0.5, W = 0.5, p2p = 0 },
    weight_memory = 0.5,
    makespan = 61.5,
    bubble_ratio = 0.21951219512195122,
    span = 61.5,
    bubble_rate_span = 0.21951219512195122,
    peak_share = { 3.5, 4, 4, 4, 4, 4, 4, 4 },
    peak_share_weighted = { 3.5, 3.5, 4, 4, 4, 4, 4, 4 },
  },

  -- Small ones in which ties decide, most of them with costs by stage.
  { -- The warm-up ends when the gradient arrives.
    strategy = "zb_1p",
    num_ranks = 3,
    num_chunks = 3,
    costs = { F = { 2, 5, 1 }, I = { 2, 3, 4 }, W = { 1, 1, 1 }, p2p = 0 },
    weight_memory = 0.5,
    order = {
      "0F0 0F1 0F2 0I0 0W0 0I1 0W1 0I2 0W2",
      "1F0 1F1 1I0 1F2 1I1 1W0 1W1 1I2 1W2",
      "2F0 2I0 2F1 2I1 2W0 2W1 2F2 2I2 2W2",
    },
  },
  { -- Likewise, where that is best after it.
    strategy = "zb_2p",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = { 5, 2 }, I = { 1, 1 }, W = { 3, 5 }, p2p = 1 },
    weight_memory = 1,
    order = {
      "0F0 0F1 0I0 0F2 0W0 0I1 0F3 0W1 0I2 0W2 0I3 0W3",
      "1F0 1I0 1W0 1F1 1I1 1F2 1I2 1W1 1W2 1F3 1I3 1W3",
    },
  },
  { -- Idling as long as the most idle rank has is free.
    strategy = "zb_2p",
    num_ranks = 3,
    num_chunks = 4,
    costs = { F = { 3, 3, 1 }, I = { 1, 1, 3 }, W = { 3, 1, 2 }, p2p = 0 },
    weight_memory = 1,
    order = {
      "0F0 0F1 0F2 0F3 0I0 0W0 0I1 0W1 0I2 0W2 0I3 0W3",
      "1F0 1F1 1F2 1I0 1W0 1I1 1F3 1I2 1W1 1W2 1I3 1W3",
      "2F0 2I0 2F1 2I1 2F2 2I2 2F3 2I3 2W0 2W1 2W2 2W3",
    },
  },
  { -- Of equally good plans the first is kept.
    strategy = "zbv_greedy",
    num_ranks = 2,
    num_chunks = 2,
    costs = { F = 2, I = 1, W = 2, p2p = 2 },
    weight_memory = 1,
    order = {
      "0F0 0F1 3F0 3I0 3W0 3F1 3I1 3W1 0I0 0W0 0I1 0W1",
      "1F0 2F0 1F1 2F1 2I0 1I0 2W0 2I1 1I1 1W0 2W1 1W1",
    },
  },
  { -- Knowing its idle times makes the plan better.
    strategy = "zbv_greedy",
    num_ranks = 3,
    num_chunks = 5,
    costs = { F = 4, I = 5, W = 2, p2p = 1 },
    weight_memory = 1,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 5F0 5I0 5W0 5F1 5I1 5W1 5F2 5I2 5W2 0I0 0W0 5F3 5I3 5W3 0I1 5F4 5I4
        0W1 0I2 5W4 0W2 0I3 0W3 0I4 0W4
      ]],
      [[
        1F0 1F1 1F2 4F0 1F3 4F1 4I0 4W0 4F2 4I1 4W1 1F4 1I0 1W0 4F3 4I2 4W2 1I1 4F4 4I3 1I2 4I4
        1I3 1W1 4W3 1W2 1I4 4W4 1W3 1W4
      ]],
      [[
        2F0 3F0 2F1 3F1 2F2 3F2 3I0 3W0 2F3 2I0 2W0 3F3 3I1 3W1 2F4 2I1 2W1 3F4 3I2 2I2 3I3 2I3
        3I4 2I4 3W2 2W2 3W3 2W3 3W4 2W4
      ]],
    },
  },
}
