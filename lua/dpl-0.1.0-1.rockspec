-- dpl for a stock Lua 5.4, from a checkout, in its root:
--   luarocks --lua-version 5.4 make lua/dpl-0.1.0-1.rockspec
-- One shared object holds all modules, those in Lua and argparse too. The version is core/dpl.h's.
rockspec_format = "3.0"
package = "dpl"
version = "0.1.0-1"
-- "luarocks make" builds the tree in which it is called; there is nothing to fetch.
source = {
  url = "file://.",
}
description = {
  summary = "Schedules, simulation and cost models of pipeline parallelism",
  detailed = [[
Schedules of pipeline parallelism in the training of large models (GPipe, 1F1B, interleaved, zero
bubble, V schedules, Chimera, Hanayo, DualPipe, DualPipeV), simulated action by action: step time,
bubbles, memory, messages between ranks, and the search for a configuration.]],
  license = "MIT",
}
supported_platforms = { "unix" }
dependencies = {
  "lua >= 5.4, < 5.5",
}
build = {
  type = "make",
  build_target = "build/rock/dpl.so",
  build_variables = {
    BUILD = "build/rock",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LUA = "$(LUA)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
  },
  install_pass = false,
  install = {
    lib = {
      dpl = "build/rock/dpl.so",
    },
  },
  copy_directories = {},
}
