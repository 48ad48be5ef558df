# Sums what gcov reports of each file of core/ by room: the share of lines that the tests reached.
# gcov names a file, then its lines; headers and files outside core/ are passed over.
/^File / {
    file = $2
    gsub(/'/, "", file)
}

/^Lines executed:/ && file ~ /^core\/[a-z]+\/[a-z0-9_]+\.c$/ {
    split($0, part, /[:%]| of /)
    split(file, path, "/")
    room = path[2]
    lines[room] += part[4]
    reached[room] += part[2] * part[4] / 100
    all_lines += part[4]
    all_reached += part[2] * part[4] / 100
    file = ""
}

END {
    if (all_lines == 0) {
        print "gcov reported no lines of core/"
        exit 1
    }
    count = split("base schedule simulate strategy analyze model search bind host", rooms, " ")
    for (i = 1; i <= count; i++) {
        if (lines[rooms[i]]) {
            report("core/" rooms[i], reached[rooms[i]], lines[rooms[i]])
        }
    }
    report("total", all_reached, all_lines)
}

function report(name, got, of) {
    printf "%-15s %5.1f%% of %5d lines\n", name, 100 * got / of, of
}
