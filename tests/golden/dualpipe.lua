-- DualPipe and DualPipeV as DeepSeek's own step() gives them (github.com/deepseek-ai/DualPipe,
-- dualpipe/dualpipe.py and dualpipev.py), timed under the default rules. The first two are the two
-- figures of its README. Costs are those of a stage; any unit of time. Texts: one a rank.

return {
  {
    strategy = "dualpipe",
    num_ranks = 8,
    num_chunks = 20,
    costs = { F = 1, B = 2, I = 1, W = 1, FB = 3, p2p = 0 },
    makespan = 66,
    bubble_ratio = 0.09090909090909094,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 15F10 15I10 15W10 15F11 15I11 15W11 15F12 15I12 15W12 15F13
        (0F7;15B13)OVERLAP_F_B (15F14;0B0)OVERLAP_F_B (0F8;15B14)OVERLAP_F_B
        (15F15;0B1)OVERLAP_F_B (0F9;15B15)OVERLAP_F_B (15F16;0B2)OVERLAP_F_B 15B16
        (15F17;0B3)OVERLAP_F_B 15B17 (15F18;0B4)OVERLAP_F_B 15B18 (15F19;0B5)OVERLAP_F_B 15B19 0I6
        0W6 0I7 0W7 0I8 0W8 0I9 0W9
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 14F10 1F5 14F11 14I10 14W10 14F12 14I11 14W11 14F13
        (1F6;14B12)OVERLAP_F_B (14F14;1B0)OVERLAP_F_B (1F7;14B13)OVERLAP_F_B
        (14F15;1B1)OVERLAP_F_B (1F8;14B14)OVERLAP_F_B (14F16;1B2)OVERLAP_F_B
        (1F9;14B15)OVERLAP_F_B (14F17;1B3)OVERLAP_F_B 14B16 (14F18;1B4)OVERLAP_F_B 14B17
        (14F19;1B5)OVERLAP_F_B 14B18 1B6 14I19 1I7 14W19 1I8 1W7 1I9 1W8 1W9
      ]],
      [[
        2F0 2F1 2F2 13F10 2F3 13F11 2F4 13F12 13I10 13W10 13F13 (2F5;13B11)OVERLAP_F_B
        (13F14;2B0)OVERLAP_F_B (2F6;13B12)OVERLAP_F_B (13F15;2B1)OVERLAP_F_B
        (2F7;13B13)OVERLAP_F_B (13F16;2B2)OVERLAP_F_B (2F8;13B14)OVERLAP_F_B
        (13F17;2B3)OVERLAP_F_B (2F9;13B15)OVERLAP_F_B (13F18;2B4)OVERLAP_F_B 13B16
        (13F19;2B5)OVERLAP_F_B 13B17 2B6 13B18 2I7 13I19 2I8 2W7 2I9 13W19 2W8 2W9
      ]],
      [[
        3F0 12F10 3F1 12F11 3F2 12F12 3F3 12F13 3F4 12B10 (12F14;3B0)OVERLAP_F_B
        (3F5;12B11)OVERLAP_F_B (12F15;3B1)OVERLAP_F_B (3F6;12B12)OVERLAP_F_B
        (12F16;3B2)OVERLAP_F_B (3F7;12B13)OVERLAP_F_B (12F17;3B3)OVERLAP_F_B
        (3F8;12B14)OVERLAP_F_B (12F18;3B4)OVERLAP_F_B (3F9;12B15)OVERLAP_F_B
        (12F19;3B5)OVERLAP_F_B 12B16 3B6 12B17 3B7 12I18 3I8 12I19 3I9 12W18 3W8 12W19 3W9
      ]],
      [[
        11F10 4F0 11F11 4F1 11F12 4F2 11F13 4F3 11F14 4B0 (4F4;11B10)OVERLAP_F_B
        (11F15;4B1)OVERLAP_F_B (4F5;11B11)OVERLAP_F_B (11F16;4B2)OVERLAP_F_B
        (4F6;11B12)OVERLAP_F_B (11F17;4B3)OVERLAP_F_B (4F7;11B13)OVERLAP_F_B
        (11F18;4B4)OVERLAP_F_B (4F8;11B14)OVERLAP_F_B (11F19;4B5)OVERLAP_F_B
        (4F9;11B15)OVERLAP_F_B 4B6 11B16 4B7 11B17 4I8 11I18 4I9 11I19 4W8 11W18 4W9 11W19
      ]],
      [[
        10F10 10F11 10F12 5F0 10F13 5F1 10F14 5F2 5I0 5W0 5F3 (10F15;5B1)OVERLAP_F_B
        (5F4;10B10)OVERLAP_F_B (10F16;5B2)OVERLAP_F_B (5F5;10B11)OVERLAP_F_B
        (10F17;5B3)OVERLAP_F_B (5F6;10B12)OVERLAP_F_B (10F18;5B4)OVERLAP_F_B
        (5F7;10B13)OVERLAP_F_B (10F19;5B5)OVERLAP_F_B (5F8;10B14)OVERLAP_F_B 5B6
        (5F9;10B15)OVERLAP_F_B 5B7 10B16 5B8 10I17 5I9 10I18 10W17 10I19 5W9 10W18 10W19
      ]],
      [[
        9F10 9F11 9F12 9F13 9F14 6F0 9F15 6F1 6I0 6W0 6F2 6I1 6W1 6F3 (9F16;6B2)OVERLAP_F_B
        (6F4;9B10)OVERLAP_F_B (9F17;6B3)OVERLAP_F_B (6F5;9B11)OVERLAP_F_B (9F18;6B4)OVERLAP_F_B
        (6F6;9B12)OVERLAP_F_B (9F19;6B5)OVERLAP_F_B (6F7;9B13)OVERLAP_F_B 6B6
        (6F8;9B14)OVERLAP_F_B 6B7 (6F9;9B15)OVERLAP_F_B 6B8 9B16 6I9 9I17 6W9 9I18 9W17 9I19 9W18
        9W19
      ]],
      [[
        8F10 8F11 8F12 8F13 8F14 8F15 8F16 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3
        (8F17;7B3)OVERLAP_F_B (7F4;8B10)OVERLAP_F_B (8F18;7B4)OVERLAP_F_B (7F5;8B11)OVERLAP_F_B
        (8F19;7B5)OVERLAP_F_B (7F6;8B12)OVERLAP_F_B 7B6 (7F7;8B13)OVERLAP_F_B 7B7
        (7F8;8B14)OVERLAP_F_B 7B8 (7F9;8B15)OVERLAP_F_B 7B9 8I16 8W16 8I17 8W17 8I18 8W18 8I19
        8W19
      ]],
    },
    start = {
      [[
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 23 26 29 32 35 38 41 44 47 50 53 56 58 59 60
        61 62 63 64 65
      ]],
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 20 23 26 29 32 35 38 41 44 47 50 53 55 58 59 60 61 62
        63 64 65
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 17 20 23 26 29 32 35 38 41 44 47 50 52 55 57 59 60 61 62 63 64
        65
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 52 54 57 58 60 61 62 63 64
        65
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 52 54 57 58 60 61 62 63 64
        65
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 17 20 23 26 29 32 35 38 41 44 47 50 52 55 57 59 60 61 62 63 64
        65
      ]],
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 20 23 26 29 32 35 38 41 44 47 50 53 55 58 59 60 61 62
        63 64 65
      ]],
      [[
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 23 26 29 32 35 38 41 44 47 50 53 56 58 59 60
        61 62 63 64 65
      ]],
    },
    finish = {
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 20 26 29 32 35 38 40 44 46 50 52 56 58 59 60 61
        62 63 64 65 66
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 14 15 18 23 26 29 32 35 38 41 43 47 49 53 55 57 59 60 61 62 63
        64 65 66
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 13 16 20 23 26 29 32 35 38 41 44 46 50 52 54 57 58 60 61 62 63 64
        65 66
      ]],
      [[
        4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 51 54 56 58 59 61 62 63 64 65
        66
      ]],
      [[
        4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 51 54 56 58 59 61 62 63 64 65
        66
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 13 16 20 23 26 29 32 35 38 41 44 46 50 52 54 57 58 60 61 62 63 64
        65 66
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 14 15 18 23 26 29 32 35 38 41 43 47 49 53 55 57 59 60 61 62 63
        64 65 66
      ]],
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 20 26 29 32 35 38 40 44 46 50 52 56 58 59 60 61
        62 63 64 65 66
      ]],
    },
  },
  {
    strategy = "dualpipev",
    num_ranks = 4,
    num_chunks = 10,
    costs = { F = 1, B = 2, I = 1, W = 1, FB = 3, p2p = 0 },
    makespan = 66,
    bubble_ratio = 0.09090909090909094,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3 (0F7;7B3)OVERLAP_F_B
        (7F4;0B0)OVERLAP_F_B (0F8;7B4)OVERLAP_F_B (7F5;0B1)OVERLAP_F_B (0F9;7B5)OVERLAP_F_B
        (7F6;0B2)OVERLAP_F_B 7B6 (7F7;0B3)OVERLAP_F_B 7B7 (7F8;0B4)OVERLAP_F_B 7B8
        (7F9;0B5)OVERLAP_F_B 7B9 0I6 0W6 0I7 0W7 0I8 0W8 0I9 0W9
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 6F0 1F5 6F1 6I0 6W0 6F2 6I1 6W1 6F3 (1F6;6B2)OVERLAP_F_B
        (6F4;1B0)OVERLAP_F_B (1F7;6B3)OVERLAP_F_B (6F5;1B1)OVERLAP_F_B (1F8;6B4)OVERLAP_F_B
        (6F6;1B2)OVERLAP_F_B (1F9;6B5)OVERLAP_F_B (6F7;1B3)OVERLAP_F_B 6B6 (6F8;1B4)OVERLAP_F_B
        6B7 (6F9;1B5)OVERLAP_F_B 6B8 1B6 6I9 1I7 6W9 1I8 1W7 1I9 1W8 1W9
      ]],
      [[
        2F0 2F1 2F2 5F0 2F3 5F1 2F4 5F2 5I0 5W0 5F3 (2F5;5B1)OVERLAP_F_B (5F4;2B0)OVERLAP_F_B
        (2F6;5B2)OVERLAP_F_B (5F5;2B1)OVERLAP_F_B (2F7;5B3)OVERLAP_F_B (5F6;2B2)OVERLAP_F_B
        (2F8;5B4)OVERLAP_F_B (5F7;2B3)OVERLAP_F_B (2F9;5B5)OVERLAP_F_B (5F8;2B4)OVERLAP_F_B 5B6
        (5F9;2B5)OVERLAP_F_B 5B7 2B6 5B8 2I7 5I9 2I8 2W7 2I9 5W9 2W8 2W9
      ]],
      [[
        3F0 4F0 3F1 4F1 3F2 4F2 3F3 4F3 3F4 4B0 (4F4;3B0)OVERLAP_F_B (3F5;4B1)OVERLAP_F_B
        (4F5;3B1)OVERLAP_F_B (3F6;4B2)OVERLAP_F_B (4F6;3B2)OVERLAP_F_B (3F7;4B3)OVERLAP_F_B
        (4F7;3B3)OVERLAP_F_B (3F8;4B4)OVERLAP_F_B (4F8;3B4)OVERLAP_F_B (3F9;4B5)OVERLAP_F_B
        (4F9;3B5)OVERLAP_F_B 4B6 3B6 4B7 3B7 4I8 3I8 4I9 3I9 4W8 3W8 4W9 3W9
      ]],
    },
    start = {
      [[
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 23 26 29 32 35 38 41 44 47 50 53 56 58 59 60
        61 62 63 64 65
      ]],
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 20 23 26 29 32 35 38 41 44 47 50 53 55 58 59 60 61 62
        63 64 65
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 17 20 23 26 29 32 35 38 41 44 47 50 52 55 57 59 60 61 62 63 64
        65
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 52 54 57 58 60 61 62 63 64
        65
      ]],
    },
    finish = {
      [[
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 20 26 29 32 35 38 40 44 46 50 52 56 58 59 60 61
        62 63 64 65 66
      ]],
      [[
        2 3 4 5 6 7 8 9 10 11 12 13 14 15 18 23 26 29 32 35 38 41 43 47 49 53 55 57 59 60 61 62 63
        64 65 66
      ]],
      [[
        3 4 5 6 7 8 9 10 11 12 13 16 20 23 26 29 32 35 38 41 44 46 50 52 54 57 58 60 61 62 63 64
        65 66
      ]],
      [[
        4 5 6 7 8 9 10 11 12 14 17 20 23 26 29 32 35 38 41 44 47 49 51 54 56 58 59 61 62 63 64 65
        66
      ]],
    },
  },
  {
    strategy = "dualpipe",
    num_ranks = 4,
    num_chunks = 8,
    costs = { F = 1, B = 2, I = 1, W = 1, FB = 3, p2p = 0 },
    makespan = 26,
    bubble_ratio = 0.07692307692307687,
  },
  {
    strategy = "dualpipe",
    num_ranks = 4,
    num_chunks = 16,
    costs = { F = 1, B = 2, I = 1, W = 1, FB = 3, p2p = 0 },
    makespan = 50,
    bubble_ratio = 0.040000000000000036,
  },
  {
    strategy = "dualpipe",
    num_ranks = 8,
    num_chunks = 20,
    costs = { F = 49, B = 91, I = 61, W = 30, FB = 143.8, p2p = 0.9 },
    makespan = 3263.600000000002,
    bubble_ratio = 0.1301170486579244,
  },
  {
    strategy = "dualpipev",
    num_ranks = 4,
    num_chunks = 10,
    costs = { F = 49, B = 91, I = 61, W = 30, FB = 143.8, p2p = 0.9 },
    makespan = 3256.400000000002,
    bubble_ratio = 0.1281937108463339,
  },
  {
    strategy = "dualpipe",
    num_ranks = 2,
    num_chunks = 4,
    costs = { F = 1, B = 2, I = 1, W = 1, FB = 3, p2p = 0 },
    makespan = 12,
    bubble_ratio = 0,
    order = {
      "0F0 3F2 0F1 3B2 (3F3;0B0)OVERLAP_F_B 3B3 0I1 0W1",
      "2F2 1F0 2F3 1B0 (1F1;2B2)OVERLAP_F_B 1B1 2I3 2W3",
    },
    start = {
      "0 1 2 3 5 8 10 11",
      "0 1 2 3 5 8 10 11",
    },
    finish = {
      "1 2 3 5 8 10 11 12",
      "1 2 3 5 8 10 11 12",
    },
  },
}
