"""Simulates in plain Python the schedules that tests/bench wrote, and compares the speed.

  python3 tests/bench_events.py DIRECTORY

Two ways, each over the very schedules that the C library was measured on, with the same makespan:
  events        the textbook's discrete events: a queue of what ends next, ordered by time
  dependences   no queue: a rank runs on until an input is missing, which is less work
Reading the files and laying out the lookups beforehand is not counted. Each figure is the best of 3.
"""

import heapq
import re
import sys
import time
from pathlib import Path

SIMPLE = re.compile(r"(\d+)([FBIW])(\d+)")


class Schedule:
    """Orders as lists of (duration, needs, makes) with needs and makes as keys of one table."""

    def __init__(self, path):
        lines = path.read_text().splitlines()
        head = lines[0].split()
        self.strategy = head[0]
        self.num_ranks, self.num_chunks, self.route_length = map(int, head[1:4])
        self.makespan, self.actions_per_second = map(float, head[4:6])
        self.costs = {key: float(value) for key, value in (p.split("=") for p in lines[1].split())}
        texts = [line.split(",") for line in lines[2:]]
        self.rank_of = {}
        for rank, order in enumerate(texts):
            for text in order:
                for stage, _, _ in SIMPLE.findall(text):
                    self.rank_of[int(stage)] = rank
        self.orders = [[self.action(text) for text in order] for order in texts]
        self.num_actions = sum(map(len, self.orders))

    def neighbour(self, stage, direction):
        """The stage after or before on the same route, or None."""
        following = stage + direction
        if following < 0 or following // self.route_length != stage // self.route_length:
            return None
        return following if following in self.rank_of else None

    def action(self, text):
        """The duration, the (key, latency) of each input, and the keys of the outputs."""
        needs, makes = [], []
        parts = SIMPLE.findall(text)
        for stage, kind, chunk in ((int(s), k, int(c)) for s, k, c in parts):
            if kind == "W":
                continue
            forward = kind == "F"
            source = self.neighbour(stage, -1 if forward else 1)
            if source is not None:
                far = self.rank_of[source] != self.rank_of[stage]
                needs.append(((forward, source, chunk), self.costs["p2p"] if far else 0.0))
            makes.append((forward, stage, chunk))
        kind = "FB" if len(parts) == 2 else parts[0][1]
        return self.costs[kind], tuple(needs), tuple(makes)


def start_of(action, free_at, done):
    """When an action can start, or None while an input is missing."""
    start = free_at
    for key, latency in action[1]:
        end = done.get(key)
        if end is None:
            return None
        if end + latency > start:
            start = end + latency
    return start


def run_dependences(schedule):
    """Every rank in turn runs until it has to wait; returns the makespan."""
    done = {}
    orders = schedule.orders
    free_at = [0.0] * len(orders)
    position = [0] * len(orders)
    waiting = list(range(len(orders)))
    while waiting:
        for rank in waiting:
            order, at, clock = orders[rank], position[rank], free_at[rank]
            while at < len(order):
                action = order[at]
                start = start_of(action, clock, done)
                if start is None:
                    break
                clock = start + action[0]
                for key in action[2]:
                    done[key] = clock
                at += 1
            position[rank], free_at[rank] = at, clock
        waiting = [rank for rank in waiting if position[rank] < len(orders[rank])]
    return max(free_at)


class EventSimulation:
    """What ends, and when: a queue ordered by time. A rank asks anew when it may have to."""

    def __init__(self, schedule):
        self.orders = schedule.orders
        self.done = {}
        self.free_at = [0.0] * len(self.orders)
        self.position = [0] * len(self.orders)
        self.sleepers = {}  # key of a missing input: the rank that waits for it
        self.queue = []

    def begin_next(self, rank):
        """Puts the end of a rank's next action into the queue, or the rank to sleep."""
        if self.position[rank] == len(self.orders[rank]):
            return
        action = self.orders[rank][self.position[rank]]
        start = start_of(action, self.free_at[rank], self.done)
        if start is not None:
            heapq.heappush(self.queue, (start + action[0], rank))
            return
        missing = next(key for key, _ in action[1] if key not in self.done)
        self.sleepers[missing] = rank

    def run(self):
        for rank in range(len(self.orders)):
            self.begin_next(rank)
        while self.queue:
            clock, rank = heapq.heappop(self.queue)
            self.free_at[rank] = clock
            woken = []
            for key in self.orders[rank][self.position[rank]][2]:
                self.done[key] = clock
                if key in self.sleepers:
                    woken.append(self.sleepers.pop(key))
            self.position[rank] += 1
            self.begin_next(rank)
            for sleeper in woken:
                self.begin_next(sleeper)
        return max(self.free_at)


def best_of_three(run, schedule):
    """Actions a second, once the makespan is that of the C library."""
    best = 0.0
    for _ in range(3):
        begin = time.perf_counter()
        makespan = run(schedule)
        seconds = time.perf_counter() - begin
        if makespan != schedule.makespan:
            sys.exit(f"{schedule.strategy}: makespan {makespan}, in C {schedule.makespan}")
        best = max(best, schedule.num_actions / seconds)
    return best


WAYS = (
    ("events", lambda schedule: EventSimulation(schedule).run()),
    ("dependences", run_dependences),
)


def report(schedule):
    """One line for each way."""
    for name, run in WAYS:
        speed = best_of_three(run, schedule)
        print(
            f"{schedule.strategy:<18}{schedule.num_actions:>9}  {name:<12}{speed / 1e6:>8.3f}"
            f"{schedule.actions_per_second / 1e6:>10.1f}{schedule.actions_per_second / speed:>11.0f}"
        )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    paths = sorted(Path(sys.argv[1]).glob("*.bench"))
    if not paths:
        sys.exit(f"no schedules in {sys.argv[1]}: run tests/bench with this directory first")
    version = sys.version.split()[0]
    print(f"\nThe same schedules and makespans in plain Python {version}, best of 3.")
    print("M/s: million actions a second; ratio: the C library's simulation to Python's.\n")
    print("strategy            actions  way            Python         C  ratio C/Py")
    for path in paths:
        report(Schedule(path))


if __name__ == "__main__":
    main()
