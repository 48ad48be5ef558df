---@meta dpl.arguments

---Command lines of scripts: argparse, with values that are checked. Mistakes on the command line are
---told in one line, with the usage, on standard error; the script then ends with status 2.
---@class dpl.arguments
local arguments = {}

---A parser of argparse, whose manual tells the rest. Its method parse reads `arg` where it is given
---nothing; a negative number is the value of the option before it.
---@param name string of the script, for the usage
---@param description? string what the script does, for --help
---@return table parser
function arguments.parser(name, description) end

---What `parser:option(...):convert` takes: the value of a text, or nil and a message.
---@alias dpl.Converter fun(text: string): any, string?

---Converts to a whole number.
---@param option string its name, for messages
---@param least? integer default 1
---@return dpl.Converter
function arguments.count(option, least) end

---Converts to a finite number, at least 0.
---@param option string its name, for messages
---@return dpl.Converter
function arguments.number(option) end

---Converts to a finite number above 0.
---@param option string its name, for messages
---@return dpl.Converter
function arguments.positive(option) end

---Converts to a finite number, at least 0, or with commas to a list of such numbers: a dpl.Cost.
---@param option string its name, for messages
---@return dpl.Converter
function arguments.cost(option) end

---Converts "a,b" to a list of texts.
---@param option string its name, for messages
---@return dpl.Converter
function arguments.list(option) end

---Adds --plot to a parser: args.plot is then the path of a .svg, .png or .csv file, or "-".
---@param parser table
---@param what string what it draws
function arguments.plot_option(parser, what) end

---Draws a chart where --plot says: to a file, or as text for "-". Raises where it cannot.
---@param path string
---@param chart dpl.Chart
function arguments.plot(path, chart) end

---Calls f with the arguments and returns what it returns. An error that it raises is one of the
---command line's, and told as such.
---@param parser table
---@param f fun(...): ...
---@param ... any
---@return any ...
function arguments.try(parser, f, ...) end

return arguments
