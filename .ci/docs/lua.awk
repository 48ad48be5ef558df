# Makes of the files of annotations of a module in lua/library, which lua-language-server reads, what
# LDoc reads.
#
# The class of the module becomes the module; classes that a local variable stands for become types
# with their methods; those that are bound to the module, functions; the others, tables.

# The text of a block of comment lines, and its tags, are gathered until the line that they are on.
function clear() {
    text = tags = class = parents = ""
    calls = 0
}

# Running text, which is HTML to LDoc.
function shown(line) {
    gsub(/&/, "\\&amp;", line)
    gsub(/</, "\\&lt;", line)
    while (match(line, /`[^`]*`/)) {
        line = substr(line, 1, RSTART - 1) "<code>" substr(line, RSTART + 1, RLENGTH - 2) "</code>" \
            substr(line, RSTART + RLENGTH)
    }
    return line
}

# Cuts a type off the front of `rest`, which is left with what follows. Within brackets and quotes
# a type has spaces, which to LDoc end it: those that do not break a line do not.
function cut_type(    i, c, depth, quoted, cut) {
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        depth += (c ~ /[({]/) - (c ~ /[)}]/)
        quoted = c == "\"" ? !quoted : quoted
        if (c == " " && depth == 0 && !quoted && substr(rest, i - 1, 1) != ":") {
            break
        }
    }
    cut = substr(rest, 1, i - 1)
    rest = substr(rest, i + 1)
    gsub(/dpl\./, "", cut)
    return as_ldoc(cut)
}

# LDoc has the question mark of an optional type before it, and nowhere else.
function as_ldoc(type,    optional) {
    optional = sub(/\?$/, "", type) ? "?" (type ~ /\|/ ? "|" : "") : ""
    while (match(type, /[a-z_]+\?:/)) {
        type = substr(type, 1, RSTART - 1) "[" substr(type, RSTART, RLENGTH - 2) "]:" \
            substr(type, RSTART + RLENGTH)
    }
    gsub(/\?/, " or nil", type)
    gsub(/ /, "\302\240", type)
    return optional type
}

# "name? type description" to "tag type name description".
function named(tag,    name, optional, type) {
    name = rest
    sub(/ .*/, "", name)
    rest = substr(rest, length(name) + 2)
    optional = sub(/\?$/, "", name) ? "[opt]" : ""
    type = cut_type()
    tags = tags "-- @" tag optional " " type " " name " " shown(rest) "\n"
}

function returned(    type) {
    type = cut_type()
    tags = tags "-- @treturn " type " " shown(rest) "\n"
}

function item(kind, name) {
    return (text == "" ? "---\n" : text) "-- @" kind " " name "\n" tags "\n"
}

# The fields of what LDoc gives none to: a module, a type.
function own_fields(owner) {
    return tags == "" ? "" : "--- What can be read of it.\n-- @table " owner ".field\n" tags "\n"
}

function inherited() {
    gsub(/dpl\./, "", parents)
    return parents == "" ? "" : "-- Also has what these have: " parents ".\n"
}

function finish_class(    name) {
    if (class == "" || class == module) {
        return
    }
    name = class
    sub(/^dpl\./, "", name)
    text = text inherited()
    tables = tables item("table", name)
    clear()
}

# What was gathered and is bound to nothing is a table, or a name of types.
/^ *$/ { finish_class(); clear(); next }
/^---@meta/ { module = $2; next }
/^---@class/ {
    class = $2
    parents = class ~ /:$/ ? substr($0, index($0, ":") + 2) : ""
    sub(/:$/, "", class)
    next
}
/^---@alias/ {
    class = $2
    rest = $0
    sub(/^---@alias [^ ]* */, "", rest)
    text = text (rest == "" ? "" : "-- It is <code>" shown(rest) "</code>.\n")
    next
}
/^---\|/ {
    sub(/^---\| */, "")
    name = $0
    sub(/ *#.*/, "", name)
    gsub(/"/, "", name)
    $0 = /#/ ? substr($0, index($0, "#") + 2) : ""
    tags = tags "-- @field " name " " $0 "\n"
    next
}
/^---@field/ {
    rest = $0
    sub(/^---@field /, "", rest)
    sub(/^\[integer\]/, "[i]", rest)
    named("tfield")
    next
}
/^---@param/ { rest = substr($0, 11); named("tparam"); next }
/^---@return/ { rest = substr($0, 12); returned(); next }
/^---@overload/ {
    if (class != "" && calls++ == 0) {
        match($0, /options: [A-Za-z.]+/)
        rest = "options " substr($0, RSTART + 9, RLENGTH - 9)
        named("tparam")
        rest = $NF
        returned()
    } else {
        text = text "-- May also be called so: <code>" shown(substr($0, 14)) "</code>\n"
    }
    next
}
/^---@operator/ { next }
/^---- / || /^--[^-]/ { next }
/^---/ {
    text = text (text == "" ? "--- " : "-- ") shown(substr($0, 4)) "\n"
    next
}
/^local [A-Za-z]+ = {}/ {
    if (class == module) {
        head = head == "" ? text "-- @module " module "\n\n" : head
        functions = functions own_fields(module)
    } else {
        types[++num_types] = $2
        type_text[$2] = text inherited() "-- @type " $2 "\n\n" own_fields($2)
    }
    clear()
    next
}
/^[a-z]+\.[A-Za-z]+ = {}/ {
    name = $1
    sub(/^.*\./, "", name)
    functions = functions item("function", name)
    clear()
    next
}
/^function / {
    owner = $2
    sub(/[.:].*/, "", owner)
    name = $2
    sub(/^[^.:]*[.:]/, "", name)
    sub(/\(.*/, "", name)
    if ($2 ~ /^[^(]*:/) {
        methods[owner] = methods[owner] item("function", owner ":" name)
    } else {
        functions = functions item("function", name)
    }
    clear()
    next
}
END {
    printf "%s%s%s", head, functions, tables
    for (i = 1; i <= num_types; i++) {
        printf "%s%s", type_text[types[i]], methods[types[i]]
    }
}
