---@meta dpl.help

---What dpl has, explained.
---@class dpl.help
local help = {}

---Prints what is known of a function, class, method, module, object or name of dpl's; without one,
---what there is. The module itself is this function, and so is the prompt's global `help`:
---`help(dpl.simulate)`, `help "ScheduleComparator"`, `help "1f1b"`, `help(t)`.
---@param subject? any a value, or a name: of a strategy, function, class, method, module, type or option
function help.print(subject) end

---The same as text, without a newline at its end. Returns nil and a message, with the nearest name,
---where nothing is known.
---@param subject? any
---@return string? text
---@return string? message
function help.text(subject) end

return help
