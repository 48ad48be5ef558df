-- Lua 5.4, and nothing global but its own library.
std = "lua54"
max_line_length = 100
max_cyclomatic_complexity = 15
-- LuaLS annotations declare classes and functions without bodies.
exclude_files = { "lua/library", "build" }
-- LuaUnit hands every test its table, which most have no use for.
files["tests"] = { self = false }
