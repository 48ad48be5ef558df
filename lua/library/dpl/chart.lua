---@meta dpl.chart

---Charts of numbers: lines, points, heat maps.
---@class dpl.chart
local chart = {}

---One of two axes.
---@class dpl.Axis
---@field label? string
---@field unit? string stands behind the label
---@field log? boolean|number logarithmic, to base 10 or to this one; of lines and points only

---The points of one line or colour.
---@class dpl.Series
---@field name? string for the legend, which is there where there are several series
---@field x number[]
---@field y (number|false)[] as long as x; false where one is missing, which ends the line

---What lines and points are drawn from.
---@class dpl.PlotOptions
---@field title? string
---@field x? dpl.Axis
---@field y? dpl.Axis
---@field series dpl.Series[] with one point at least

---Lines through the points of each series, in their order. Mistakes raise.
---@param options dpl.PlotOptions
---@return dpl.Chart
function chart.lines(options) end

---Points alone.
---@param options dpl.PlotOptions
---@return dpl.Chart
function chart.scatter(options) end

---The columns or the rows of a heat map.
---@class dpl.Steps
---@field label? string
---@field unit? string
---@field values? (number|string)[] one for each column or row; default 1 and on

---What a heat map is drawn from.
---@class dpl.HeatmapOptions
---@field title? string
---@field x? dpl.Steps of the columns, from the left
---@field y? dpl.Steps of the rows, from below
---@field z? { label?: string, unit?: string } of the colours
---@field cells (number|false)[][] rows, all equally long; false where a number is missing

---A cell for each x and y, coloured by its number, which stands in it where there is room.
---@param options dpl.HeatmapOptions
---@return dpl.Chart
function chart.heatmap(options) end

---A chart, to be written, shown or read.
---@class dpl.Chart
local Chart = {}

---How large a chart is.
---@class dpl.ChartSize
---@field width? integer 20 to 10000; of pictures in pixels, default 900; of text in columns, 79
---@field height? integer likewise; default 540 and 24

---Writes the chart to a file, by the end of its name .svg, .png (both through gnuplot) or .csv.
---Returns true; or nil, message, code: "NOT_FOUND" where gnuplot is missing, else "FILE".
---@param path string
---@param size? dpl.ChartSize
---@return boolean? done
---@return string? message
---@return dpl.Code? code
function Chart:write(path, size) end

---The chart as text for a terminal, through gnuplot. Returns nil, message, code as write does.
---@param size? dpl.ChartSize
---@return string? text
---@return string? message
---@return dpl.Code? code
function Chart:text(size) end

---The numbers as comma-separated values below a header; a missing one is empty.
---@return string
function Chart:csv() end

return chart
