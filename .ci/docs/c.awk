# Makes of a public header what doxygen reads: comments become documentation, sections groups.
#
# A comment that stands above several declarations is said again above each. Sections, "---- Name
# ----", become groups, named after header and section. In text, doxygen would take some signs for
# commands, for HTML, or for the end of the first sentence; code, which is indented, it leaves alone.

function escaped(text) {
    if (text ~ /^ \*     /) {
        return text
    }
    gsub(/ \.\. /, "..", text)
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/[#%]/, "\\\\&", text)
    return text
}

function close_group() {
    if (in_group) {
        print "/** @} */"
    }
    in_group = 0
}

# "/* ---- Errors ---- */"
function open_group(title,    name) {
    close_group()
    gsub(/^\/\* ---- | ---- \*\/$/, "", title)
    name = FILENAME "_" title
    sub(/^.*\//, "", name)
    gsub(/[^A-Za-z0-9]+/, "_", name)
    print "/** @defgroup " name " " title "\n * @{ */"
    in_group = 1
}

# Whether the comment goes on behind this line.
function is_open(line) {
    return line !~ /\*\/ *$/
}

# The first comment of a header is on the header itself; dpl.h's is the manual's front page.
function begin_comment(line) {
    sub(/\/\*/, seen_file ? "/**" : FILENAME ~ /(^|\/)dpl\.h$/ ? \
        "/** @mainpage The C library" : "/** @file", line)
    seen_file = 1
    return line
}

in_comment {
    comment = comment "\n" escaped($0)
    in_comment = is_open($0)
    if (!in_comment) print comment
    next
}
in_trailing { print escaped($0); in_trailing = is_open($0); next }
/^\/\* ---- .* ---- \*\/$/ { open_group($0); comment = ""; next }
/^ *\/\*/ {
    comment = begin_comment(escaped($0))
    uses = 0
    in_comment = is_open($0)
    if (!in_comment) print comment
    next
}
/^struct [a-z_]+; / { sub(/ *\/\*.*/, "") }
/[;,{] *\/\*/ {
    in_trailing = is_open($0)
    $0 = escaped($0)
    sub(/\/\*/, "/**<")
}
/^#ifdef __cplusplus/ { close_group() }
/^$/ { comment = "" }
/^DPL_API/ && comment != "" && uses++ > 0 { print comment }
{ print }
