"""dpl from Python, through ctypes: no wrapper and nothing to compile.

    python3 embed_python.py [libdpl.so.0.1]

The structs below are those of dpl.h, in the same order; what they mean is said there. The library
is the one given, or where the system keeps libraries. Prints a makespan and the first actions of a
rank, then two errors.
"""

import ctypes
import ctypes.util
import sys
import time
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t
from ctypes import c_void_p


class Error(ctypes.Structure):
    _fields_ = [("code", c_int), ("rank", c_int32), ("position", c_int64),
                ("message", c_char * 1024)]


RESIZE = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, c_size_t)
CANCELLED = ctypes.CFUNCTYPE(c_int, c_void_p)


class Hooks(ctypes.Structure):
    _fields_ = [("resize", RESIZE), ("cancelled", CANCELLED), ("user", c_void_p),
                ("strategies", c_void_p), ("progress", c_void_p)]


class Shape(ctypes.Structure):
    _fields_ = [(name, c_int32) for name in
                ("num_ranks", "num_chunks", "stages_per_rank", "pipeline_pairs", "waves")]


class Cost(ctypes.Structure):
    _fields_ = [("count", c_size_t), ("value", c_double), ("list", POINTER(c_double))]

    @classmethod
    def of(cls, value):
        return cls(1, value, None)


class Costs(ctypes.Structure):
    _fields_ = [(name, Cost) for name in ("F", "B", "I", "W", "FB")] + [("p2p", c_double)]


class Action(ctypes.Structure):
    _fields_ = [(name, c_int32) for name in
                ("kind", "stage", "chunk", "backward_stage", "backward_chunk")]


class Summary(ctypes.Structure):
    _fields_ = [(name, c_double) for name in
                ("makespan", "bubble_ratio", "span", "bubble_rate_span", "total_busy")]


def load(path=None):
    """The library, with the types of the functions that are used here."""
    path = path or ctypes.util.find_library("dpl")
    if path is None:
        sys.exit("libdpl.so is not where the system looks for libraries: name its file")
    dpl = ctypes.CDLL(path)
    types = {
        "dpl_version": (c_char_p,),
        "dpl_code_name": (c_char_p, c_int),
        "dpl_schedule_create": (c_int, c_char_p, POINTER(Shape), POINTER(Hooks), POINTER(c_void_p),
                                POINTER(Error)),
        "dpl_schedule_destroy": (None, c_void_p),
        "dpl_schedule_order": (POINTER(Action), c_void_p, c_int32, POINTER(c_size_t)),
        "dpl_action_format": (c_size_t, POINTER(Action), c_char_p),
        "dpl_timeline_create": (c_int, c_void_p, POINTER(Hooks), POINTER(c_void_p), POINTER(Error)),
        "dpl_timeline_destroy": (None, c_void_p),
        "dpl_simulate": (c_int, c_void_p, POINTER(Costs), c_void_p, POINTER(Error)),
        "dpl_timeline_summary": (POINTER(Summary), c_void_p),
        "dpl_timeline_start": (c_double, c_void_p, c_int32, c_size_t),
        "dpl_timeline_end": (c_double, c_void_p, c_int32, c_size_t),
    }
    for name, (result, *arguments) in types.items():
        function = getattr(dpl, name)
        function.restype = result
        function.argtypes = arguments
    return dpl


class DplError(Exception):
    """A call that failed. code: its name, such as "SIZE"."""

    def __init__(self, dpl, error):
        super().__init__(error.message.decode())
        self.code = dpl.dpl_code_name(error.code).decode()


class Schedule:
    """A strategy's schedule and a timeline of it; use it in a with statement, which frees both."""

    def __init__(self, dpl, strategy, shape, hooks=None):
        self.dpl = dpl
        self.hooks = hooks  # what it calls must live as long as the object
        self.schedule, self.timeline, self.error = c_void_p(), c_void_p(), Error()
        self.check(dpl.dpl_schedule_create(strategy.encode(), byref(shape), self.hooks,
                                           byref(self.schedule), byref(self.error)))
        self.check(dpl.dpl_timeline_create(self.schedule, self.hooks, byref(self.timeline),
                                           byref(self.error)))

    def check(self, code):
        if code != 0:
            self.close()
            raise DplError(self.dpl, self.error)

    def close(self):
        self.dpl.dpl_timeline_destroy(self.timeline)
        self.dpl.dpl_schedule_destroy(self.schedule)
        self.timeline, self.schedule = c_void_p(), c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def simulate(self, costs):
        """The summary: makespan, bubble_ratio and so on."""
        self.check(self.dpl.dpl_simulate(self.timeline, byref(costs), None, byref(self.error)))
        return self.dpl.dpl_timeline_summary(self.timeline).contents

    def actions(self, rank):
        """(text, start, end) of every action of a rank."""
        length, text = c_size_t(), ctypes.create_string_buffer(80)  # DPL_ACTION_TEXT_SIZE
        order = self.dpl.dpl_schedule_order(self.schedule, rank, byref(length))
        for i in range(length.value):
            self.dpl.dpl_action_format(byref(order[i]), text)
            yield (text.value.decode(), self.dpl.dpl_timeline_start(self.timeline, rank, i),
                   self.dpl.dpl_timeline_end(self.timeline, rank, i))


def within(seconds):
    """Hooks that stop work on an object once so many seconds have passed."""
    deadline = time.monotonic() + seconds
    return Hooks(cancelled=CANCELLED(lambda user: time.monotonic() > deadline))


def main():
    dpl = load(*sys.argv[1:2])
    print("dpl", dpl.dpl_version().decode())
    costs = Costs(F=Cost.of(1), B=Cost.of(2), W=Cost.of(1), FB=Cost.of(3), p2p=0.1)
    with Schedule(dpl, "dualpipe", Shape(num_ranks=8, num_chunks=20), within(60)) as schedule:
        summary = schedule.simulate(costs)
        print(f"makespan {summary.makespan:g}, bubble ratio {summary.bubble_ratio:.4f}")
        for text, start, end in list(schedule.actions(rank=0))[:3]:
            print(f"{text:>4} {start:4g} {end:4g}")
    for strategy, num_chunks, seconds in (("dualpipe", 7, 60), ("1f1b", 1000000, -1)):
        try:
            Schedule(dpl, strategy, Shape(num_ranks=8, num_chunks=num_chunks), within(seconds))
        except DplError as error:
            print(f"{error.code}: {error}")


if __name__ == "__main__":
    main()
