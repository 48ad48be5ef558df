-- Orders that PyTorch's classes generate (torch.distributed.pipelining.schedules: ScheduleGPipe,
-- Schedule1F1B, ScheduleDualPipeV, ScheduleLoopedBFS, ScheduleInterleaved1F1B,
-- ScheduleInterleavedZeroBubble, ScheduleZBVZeroBubble). Texts: one a rank.

return {
  {
    strategy = "gpipe",
    num_ranks = 2,
    num_chunks = 3,
    order = {
      "0F0 0F1 0F2 0B0 0B1 0B2",
      "1F0 1F1 1F2 1B0 1B1 1B2",
    },
  },
  {
    strategy = "gpipe",
    num_ranks = 4,
    num_chunks = 5,
    order = {
      "0F0 0F1 0F2 0F3 0F4 0B0 0B1 0B2 0B3 0B4",
      "1F0 1F1 1F2 1F3 1F4 1B0 1B1 1B2 1B3 1B4",
      "2F0 2F1 2F2 2F3 2F4 2B0 2B1 2B2 2B3 2B4",
      "3F0 3F1 3F2 3F3 3F4 3B0 3B1 3B2 3B3 3B4",
    },
  },
  {
    strategy = "1f1b",
    num_ranks = 2,
    num_chunks = 3,
    order = {
      "0F0 0F1 0B0 0F2 0B1 0B2",
      "1F0 1B0 1F1 1B1 1F2 1B2",
    },
  },
  {
    strategy = "1f1b",
    num_ranks = 4,
    num_chunks = 7,
    order = {
      "0F0 0F1 0F2 0F3 0B0 0F4 0B1 0F5 0B2 0F6 0B3 0B4 0B5 0B6",
      "1F0 1F1 1F2 1B0 1F3 1B1 1F4 1B2 1F5 1B3 1F6 1B4 1B5 1B6",
      "2F0 2F1 2B0 2F2 2B1 2F3 2B2 2F4 2B3 2F5 2B4 2F6 2B5 2B6",
      "3F0 3B0 3F1 3B1 3F2 3B2 3F3 3B3 3F4 3B4 3F5 3B5 3F6 3B6",
    },
  },
  {
    strategy = "dualpipev",
    num_ranks = 2,
    num_chunks = 4,
    order = {
      [[
        0F0 0F1 0F2 3F0 3I0 3W0 3F1 (0F3;3B1)OVERLAP_F_B (3F2;0B0)OVERLAP_F_B 3B2
        (3F3;0B1)OVERLAP_F_B 3B3 0I2 0W2 0I3 0W3
      ]],
      [[
        1F0 2F0 1F1 2F1 1F2 2B0 (2F2;1B0)OVERLAP_F_B (1F3;2B1)OVERLAP_F_B (2F3;1B1)OVERLAP_F_B 2B2
        1B2 2I3 1I3 2W3 1W3
      ]],
    },
  },
  {
    strategy = "dualpipev",
    num_ranks = 2,
    num_chunks = 9,
    order = {
      [[
        0F0 0F1 0F2 3F0 3I0 3W0 3F1 (0F3;3B1)OVERLAP_F_B (3F2;0B0)OVERLAP_F_B (0F4;3B2)OVERLAP_F_B
        (3F3;0B1)OVERLAP_F_B (0F5;3B3)OVERLAP_F_B (3F4;0B2)OVERLAP_F_B (0F6;3B4)OVERLAP_F_B
        (3F5;0B3)OVERLAP_F_B (0F7;3B5)OVERLAP_F_B (3F6;0B4)OVERLAP_F_B (0F8;3B6)OVERLAP_F_B
        (3F7;0B5)OVERLAP_F_B 3B7 (3F8;0B6)OVERLAP_F_B 3B8 0I7 0W7 0I8 0W8
      ]],
      [[
        1F0 2F0 1F1 2F1 1F2 2B0 (2F2;1B0)OVERLAP_F_B (1F3;2B1)OVERLAP_F_B (2F3;1B1)OVERLAP_F_B
        (1F4;2B2)OVERLAP_F_B (2F4;1B2)OVERLAP_F_B (1F5;2B3)OVERLAP_F_B (2F5;1B3)OVERLAP_F_B
        (1F6;2B4)OVERLAP_F_B (2F6;1B4)OVERLAP_F_B (1F7;2B5)OVERLAP_F_B (2F7;1B5)OVERLAP_F_B
        (1F8;2B6)OVERLAP_F_B (2F8;1B6)OVERLAP_F_B 2B7 1B7 2I8 1I8 2W8 1W8
      ]],
    },
  },
  {
    strategy = "dualpipev",
    num_ranks = 4,
    num_chunks = 12,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3 (0F7;7B3)OVERLAP_F_B
        (7F4;0B0)OVERLAP_F_B (0F8;7B4)OVERLAP_F_B (7F5;0B1)OVERLAP_F_B (0F9;7B5)OVERLAP_F_B
        (7F6;0B2)OVERLAP_F_B (0F10;7B6)OVERLAP_F_B (7F7;0B3)OVERLAP_F_B (0F11;7B7)OVERLAP_F_B
        (7F8;0B4)OVERLAP_F_B 7B8 (7F9;0B5)OVERLAP_F_B 7B9 (7F10;0B6)OVERLAP_F_B 7B10
        (7F11;0B7)OVERLAP_F_B 7B11 0I8 0W8 0I9 0W9 0I10 0W10 0I11 0W11
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 6F0 1F5 6F1 6I0 6W0 6F2 6I1 6W1 6F3 (1F6;6B2)OVERLAP_F_B
        (6F4;1B0)OVERLAP_F_B (1F7;6B3)OVERLAP_F_B (6F5;1B1)OVERLAP_F_B (1F8;6B4)OVERLAP_F_B
        (6F6;1B2)OVERLAP_F_B (1F9;6B5)OVERLAP_F_B (6F7;1B3)OVERLAP_F_B (1F10;6B6)OVERLAP_F_B
        (6F8;1B4)OVERLAP_F_B (1F11;6B7)OVERLAP_F_B (6F9;1B5)OVERLAP_F_B 6B8 (6F10;1B6)OVERLAP_F_B
        6B9 (6F11;1B7)OVERLAP_F_B 6B10 1B8 6I11 1I9 6W11 1I10 1W9 1I11 1W10 1W11
      ]],
      [[
        2F0 2F1 2F2 5F0 2F3 5F1 2F4 5F2 5I0 5W0 5F3 (2F5;5B1)OVERLAP_F_B (5F4;2B0)OVERLAP_F_B
        (2F6;5B2)OVERLAP_F_B (5F5;2B1)OVERLAP_F_B (2F7;5B3)OVERLAP_F_B (5F6;2B2)OVERLAP_F_B
        (2F8;5B4)OVERLAP_F_B (5F7;2B3)OVERLAP_F_B (2F9;5B5)OVERLAP_F_B (5F8;2B4)OVERLAP_F_B
        (2F10;5B6)OVERLAP_F_B (5F9;2B5)OVERLAP_F_B (2F11;5B7)OVERLAP_F_B (5F10;2B6)OVERLAP_F_B 5B8
        (5F11;2B7)OVERLAP_F_B 5B9 2B8 5B10 2I9 5I11 2I10 2W9 2I11 5W11 2W10 2W11
      ]],
      [[
        3F0 4F0 3F1 4F1 3F2 4F2 3F3 4F3 3F4 4B0 (4F4;3B0)OVERLAP_F_B (3F5;4B1)OVERLAP_F_B
        (4F5;3B1)OVERLAP_F_B (3F6;4B2)OVERLAP_F_B (4F6;3B2)OVERLAP_F_B (3F7;4B3)OVERLAP_F_B
        (4F7;3B3)OVERLAP_F_B (3F8;4B4)OVERLAP_F_B (4F8;3B4)OVERLAP_F_B (3F9;4B5)OVERLAP_F_B
        (4F9;3B5)OVERLAP_F_B (3F10;4B6)OVERLAP_F_B (4F10;3B6)OVERLAP_F_B (3F11;4B7)OVERLAP_F_B
        (4F11;3B7)OVERLAP_F_B 4B8 3B8 4B9 3B9 4I10 3I10 4I11 3I11 4W10 3W10 4W11 3W11
      ]],
    },
  },
  {
    strategy = "looped_bfs",
    num_ranks = 2,
    num_chunks = 2,
    stages_per_rank = 3,
    order = {
      "0F0 0F1 2F0 2F1 4F0 4F1 4B1 4B0 2B1 2B0 0B1 0B0",
      "1F0 1F1 3F0 3F1 5F0 5F1 5B1 5B0 3B1 3B0 1B1 1B0",
    },
  },
  {
    strategy = "looped_bfs",
    num_ranks = 2,
    num_chunks = 3,
    stages_per_rank = 2,
    order = {
      "0F0 0F1 0F2 2F0 2F1 2F2 2B2 2B1 2B0 0B2 0B1 0B0",
      "1F0 1F1 1F2 3F0 3F1 3F2 3B2 3B1 3B0 1B2 1B1 1B0",
    },
  },
  {
    strategy = "interleaved_1f1b",
    num_ranks = 2,
    num_chunks = 3,
    stages_per_rank = 3,
    order = {
      "0F0 0F1 0F2 2F0 2F1 2F2 4F0 4F1 4F2 4B0 4B1 4B2 2B0 2B1 2B2 0B0 0B1 0B2",
      "1F0 1F1 1F2 3F0 3F1 3F2 5F0 5B0 5F1 5B1 5F2 5B2 3B0 3B1 3B2 1B0 1B1 1B2",
    },
  },
  {
    strategy = "interleaved_1f1b",
    num_ranks = 4,
    num_chunks = 10,
    stages_per_rank = 2,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 4F0 4F1 4F2 4F3 4F4 0F5 0F6 4B0 0F7 4B1 0F8 4B2 0F9 4B3 4F5 4B4 4F6
        0B0 4F7 0B1 4F8 0B2 4F9 0B3 0B4 4B5 4B6 4B7 4B8 4B9 0B5 0B6 0B7 0B8 0B9
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 5F0 5F1 5F2 5F3 5F4 5B0 1F5 5B1 1F6 5B2 1F7 5B3 1F8 5B4 1F9 1B0 5F5
        1B1 5F6 1B2 5F7 1B3 5F8 1B4 5F9 5B5 5B6 5B7 5B8 5B9 1B5 1B6 1B7 1B8 1B9
      ]],
      [[
        2F0 2F1 2F2 2F3 2F4 6F0 6F1 6F2 6B0 6F3 6B1 6F4 6B2 2F5 6B3 2F6 6B4 2F7 2B0 2F8 2B1 2F9
        2B2 6F5 2B3 6F6 2B4 6F7 6B5 6F8 6B6 6F9 6B7 6B8 6B9 2B5 2B6 2B7 2B8 2B9
      ]],
      [[
        3F0 3F1 3F2 3F3 3F4 7F0 7B0 7F1 7B1 7F2 7B2 7F3 7B3 7F4 7B4 3F5 3B0 3F6 3B1 3F7 3B2 3F8
        3B3 3F9 3B4 7F5 7B5 7F6 7B6 7F7 7B7 7F8 7B8 7F9 7B9 3B5 3B6 3B7 3B8 3B9
      ]],
    },
  },
  {
    strategy = "interleaved_1f1b",
    num_ranks = 4,
    num_chunks = 5,
    stages_per_rank = 1,
    order = {
      "0F0 0F1 0F2 0F3 0F4 0B0 0B1 0B2 0B3 0B4",
      "1F0 1F1 1F2 1F3 1F4 1B0 1B1 1B2 1B3 1B4",
      "2F0 2F1 2F2 2B0 2F3 2B1 2F4 2B2 2B3 2B4",
      "3F0 3B0 3F1 3B1 3F2 3B2 3F3 3B3 3F4 3B4",
    },
  },
  {
    strategy = "interleaved_zb",
    num_ranks = 2,
    num_chunks = 4,
    stages_per_rank = 2,
    order = {
      [[
        0F0 0F1 2F0 2F1 2I0 2W0 0F2 2I1 2W1 0F3 0I0 0W0 2F2 0I1 0W1 2F3 2I2 2W2 2I3 2W3 0I2 0W2
        0I3 0W3
      ]],
      [[
        1F0 1F1 3F0 3I0 3F1 3I1 3W0 1F2 1I0 3W1 1F3 1I1 1W0 3F2 3I2 1W1 3F3 3I3 3W2 1I2 3W3 1I3
        1W2 1W3
      ]],
    },
  },
  {
    strategy = "interleaved_zb",
    num_ranks = 4,
    num_chunks = 5,
    stages_per_rank = 2,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 4F0 4F1 4F2 4F3 4I0 4W0 4F4 4I1 4W1 4I2 4W2 4I3 4W3 4I4 4W4 0I0 0W0
        0I1 0W1 0I2 0W2 0I3 0W3 0I4 0W4
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 5F0 5F1 5F2 5I0 5F3 5I1 5W0 5F4 5I2 5W1 5I3 5W2 5I4 5W3 1I0 5W4 1I1
        1W0 1I2 1W1 1I3 1W2 1I4 1W3 1W4
      ]],
      [[
        2F0 2F1 2F2 2F3 2F4 6F0 6F1 6I0 6F2 6I1 6F3 6I2 6W0 6F4 6I3 6W1 6I4 6W2 2I0 6W3 2I1 6W4
        2I2 2W0 2I3 2W1 2I4 2W2 2W3 2W4
      ]],
      [[
        3F0 3F1 3F2 3F3 3F4 7F0 7I0 7F1 7I1 7F2 7I2 7F3 7I3 7W0 7F4 7I4 7W1 3I0 7W2 3I1 7W3 3I2
        7W4 3I3 3W0 3I4 3W1 3W2 3W3 3W4
      ]],
    },
  },
  {
    strategy = "zbv",
    num_ranks = 2,
    num_chunks = 4,
    stages_per_rank = 2,
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
    num_chunks = 3,
    stages_per_rank = 2,
    order = {
      "0F0 0F1 0F2 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 0I0 0W0 0I1 0W1 0I2 0W2",
      "1F0 1F1 1F2 6F0 6F1 6I0 6W0 6F2 6I1 6W1 6I2 6W2 1I0 1W0 1I1 1W1 1I2 1W2",
      "2F0 2F1 2F2 5F0 5F1 5F2 5I0 5W0 5I1 5W1 2I0 2W0 5I2 5W2 2I1 2W1 2I2 2W2",
      "3F0 4F0 3F1 4F1 3F2 4F2 4I0 4W0 3I0 3W0 4I1 4W1 3I1 3W1 4I2 4W2 3I2 3W2",
    },
  },
  {
    strategy = "zbv",
    num_ranks = 4,
    num_chunks = 8,
    stages_per_rank = 2,
    order = {
      [[
        0F0 0F1 0F2 0F3 0F4 0F5 0F6 7F0 7I0 7W0 7F1 7I1 7W1 7F2 7I2 7W2 7F3 7I3 7W3 0F7 0I0 0W0
        7F4 7I4 7W4 0I1 0W1 7F5 7I5 7W5 0I2 0W2 7F6 7I6 7W6 0I3 0W3 7F7 7I7 7W7 0I4 0W4 0I5 0W5
        0I6 0W6 0I7 0W7
      ]],
      [[
        1F0 1F1 1F2 1F3 1F4 6F0 1F5 6F1 6I0 6W0 6F2 6I1 6W1 6F3 6I2 6W2 1F6 1I0 1W0 6F4 6I3 6W3
        1F7 1I1 1W1 6F5 6I4 6W4 1I2 1W2 6F6 6I5 6W5 1I3 1W3 6F7 6I6 6W6 1I4 6I7 1I5 1W4 1I6 1W5
        1I7 1W6 6W7 1W7
      ]],
      [[
        2F0 2F1 2F2 5F0 2F3 5F1 2F4 5F2 5I0 5W0 5F3 5I1 5W1 2F5 2I0 2W0 5F4 5I2 5W2 2F6 2I1 2W1
        5F5 5I3 5W3 2F7 2I2 2W2 5F6 5I4 5W4 2I3 2W3 5F7 5I5 5W5 2I4 5I6 2I5 5I7 2I6 2W4 2I7 2W5
        5W6 5W7 2W6 2W7
      ]],
      [[
        3F0 4F0 3F1 4F1 3F2 4F2 3F3 4F3 4I0 4W0 3F4 3I0 3W0 4F4 4I1 4W1 3F5 3I1 3W1 4F5 4I2 4W2
        3F6 3I2 3W2 4F6 4I3 4W3 3F7 3I3 3W3 4F7 4I4 4W4 3I4 4I5 3I5 4I6 3I6 4I7 3I7 3W4 4W5 4W6
        4W7 3W5 3W6 3W7
      ]],
    },
  },
}
