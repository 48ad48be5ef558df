---@meta dpl.terminal

---What standard output is: for scripts that draw in colour and to the width where people look on,
---and in plain text where a file or another program reads.
---@class dpl.terminal
local terminal = {}

---Whether standard output is a terminal.
---@return boolean
function terminal.is_terminal() end

---Whether colours are wanted: at a terminal that has them, unless NO_COLOR is set.
---@return boolean
function terminal.has_color() end

---The columns of the terminal.
---@param default integer where there is none, or it does not tell
---@return integer
function terminal.columns(default) end

return terminal
