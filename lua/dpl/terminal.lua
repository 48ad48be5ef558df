-- What standard output is: for scripts that draw in colour and to the width where people look on,
-- and in plain text where a file or another program reads.

local terminal = {}

-- True where standard output is a terminal; never in a sandbox, which runs no commands.
function terminal.is_terminal()
  local ran, is_one = pcall(os.execute, "test -t 1")
  return ran and is_one == true
end

-- True where colours are wanted: at a terminal that has them, unless NO_COLOR (no-color.org) is
-- set.
function terminal.has_color()
  local no_color = os.getenv("NO_COLOR") or ""
  return no_color == "" and os.getenv("TERM") ~= "dumb" and terminal.is_terminal()
end

-- The columns of the terminal; `default` where there is none or it does not tell.
function terminal.columns(default)
  if not terminal.is_terminal() then
    return default
  end
  local pipe = io.popen("stty size 2>/dev/null </dev/tty")
  local columns = pipe and tonumber(pipe:read("a"):match("^%d+ (%d+)"))
  if pipe then
    pipe:close()
  end
  return columns and columns > 0 and columns or default
end

return terminal
