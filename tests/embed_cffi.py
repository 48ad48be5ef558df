"""dpl from Python, through cffi: the header as it is declares everything.

    python3 embed_cffi.py INCLUDEDIR [libdpl.so.0.1]

INCLUDEDIR holds dpl.h: pkg-config --variable=includedir dpl says where. A C compiler expands its
macros. Prints the best strategies for one problem, and what a mistake gives.
"""

import os
import subprocess
import sys
import tempfile

import cffi


def declarations(include):
    """dpl.h without what C alone needs. The system's headers are empty: cffi has their types."""
    with tempfile.TemporaryDirectory() as empty:
        for name in ("stdbool.h", "stddef.h", "stdint.h"):
            open(os.path.join(empty, name), "w").close()
        command = [os.environ.get("CC", "cc"), "-E", "-P", "-nostdinc", "-isystem", empty,
                   "-I", include, "-D__attribute__(x)=", os.path.join(include, "dpl.h")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(ffi, dpl, num_ranks, num_chunks):
    """(strategy, makespan) of all strategies that allow the size, best first."""
    costs = ffi.new("dpl_costs *", {"F": (1, 1), "B": (1, 2), "W": (1, 1), "p2p": 0.05})
    query = ffi.new("dpl_comparison_query *", {
        "shape": {"num_ranks": num_ranks, "num_chunks": num_chunks},
        "costs": costs,
        "hold": dpl.DPL_HOLD_RANKS,
        "options": {"weight_memory": 1},
    })
    rows = ffi.new("dpl_comparison_row[]", dpl.dpl_strategy_count(ffi.NULL))
    comparison = ffi.new("dpl_comparison *", {"rows": rows})
    error = ffi.new("dpl_error *")
    if dpl.dpl_compare(query, ffi.NULL, comparison, error) != dpl.DPL_OK:
        raise ValueError(ffi.string(error.message).decode())
    return [(ffi.string(rows[i].info.name).decode(), rows[i].summary.makespan)
            for i in range(comparison.num_compared)]


def main():
    ffi = cffi.FFI()
    ffi.cdef(declarations(sys.argv[1]))
    dpl = ffi.dlopen(sys.argv[2] if len(sys.argv) > 2 else "libdpl.so.0.1")
    for strategy, makespan in compare(ffi, dpl, 8, 32)[:3]:
        print(f"{strategy} {makespan:g}")
    try:
        compare(ffi, dpl, 0, 32)
    except ValueError as error:
        print(error)


if __name__ == "__main__":
    main()
