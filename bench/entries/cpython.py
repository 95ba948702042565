#!/usr/bin/env python3
"""The workloads of group gc in CPython: the same graphs, made and dropped by Python code.

    cpython.py list                  the workloads
    cpython.py WORKLOAD DIVISOR      runs one, at a part of its full size, and prints one line of JSON

What a workload does is said where it is written for the others, in src/gc/. CPython's interpreter is in these times;
they show what somebody has who writes Python, not what its collector alone would cost. Its collector runs by itself with
its own thresholds, as those of the others do.
"""

import gc
import json
import sys
from time import perf_counter_ns

# SplitMix64, as in src/random.rs.
MASK = (1 << 64) - 1


class Random:
    """Numbers that look random and repeat exactly. They are made before the clock starts."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def below(self, bound):
        return ((self.next() >> 32) * bound) >> 32


EDGES = ("first", "second", "third")


class Node:
    """A number and three edges."""

    __slots__ = ("value", *EDGES)

    def __init__(self, value):
        self.value = value
        self.first = self.second = self.third = None


class Scale:
    """How much of a workload is done, as in src/scale.rs."""

    def __init__(self, divisor):
        self.divisor = divisor

    def __call__(self, full):
        return max(1, full // self.divisor)

    def held(self, full):
        return full if self.divisor <= 16 else self(full)


class Outcome:
    """What one run has to say."""

    def __init__(self, operations, nanoseconds, checksum, **figures):
        self.operations = operations
        self.nanoseconds = nanoseconds
        self.checksum = checksum & MASK
        self.figures = figures


# Graphs.


def ring(size, value):
    first = last = Node(value)
    for _ in range(size - 1):
        node = Node(value)
        last.first = node
        last = node
    last.first = first
    return first


def tree(depth):
    node = Node((2 << depth) - 1)
    if depth > 0:
        node.first = tree(depth - 1)
        node.second = tree(depth - 1)
    return node


def element(level, children):
    parent = Node(level)
    following = None
    for _ in range(children if level > 0 else 0):
        child = element(level - 1, children)
        child.third = parent
        if following is not None:
            child.second = following
        following = child
    parent.first = following
    return parent


def random_graph(size, seed):
    random = Random(seed)
    nodes = [Node(value) for value in range(size)]
    for node in nodes:
        node.first = nodes[random.below(size)]
        node.second = nodes[random.below(size)]
        node.third = nodes[random.below(size)]
    return nodes


def linked_list(length):
    head = Node(0)
    for value in range(1, length):
        node = Node(value)
        node.first = head
        head = node
    return head


def sum_of(nodes):
    total = 0
    for node in nodes:
        total += node.value
        for end in (node.first, node.second, node.third):
            if end is not None:
                total += end.value
    return total


# Workloads.


def clone_and_drop(handles):
    node = Node(1)
    total = 0
    start = perf_counter_ns()
    for _ in range(handles):
        clone = node
        total += clone.value
        del clone
    return Outcome(handles, perf_counter_ns() - start, total)


def make_and_drop(objects):
    a_step = 500
    steps = -(-objects // a_step)
    total = 0
    start = perf_counter_ns()
    for _ in range(steps):
        for value in range(a_step):
            total += Node(value).value
    gc.collect()
    return Outcome(steps * a_step, perf_counter_ns() - start, total)


def build_and_drop(nodes, size, build, number):
    structures = -(-nodes // size)
    total = 0
    start = perf_counter_ns()
    for _ in range(structures):
        total += number(build())
    gc.collect()
    return Outcome(structures * size, perf_counter_ns() - start, total)


def value_of(node):
    return node.value


def trees(nodes):
    return build_and_drop(nodes, (2 << 10) - 1, lambda: tree(10), value_of)


def rings(size):
    return lambda nodes: build_and_drop(nodes, size, lambda: ring(size, 3), value_of)


def documents(nodes):
    return build_and_drop(nodes, 1555, lambda: element(4, 6), lambda document: sum_of([document]))


def drop_roots(roots):
    nodes = len(roots)
    total = sum_of(roots)
    start = perf_counter_ns()
    roots.clear()
    gc.collect()
    return Outcome(nodes, perf_counter_ns() - start, total)


def one_random_graph(nodes):
    return drop_roots(random_graph(nodes, 37))


def long_list(nodes):
    roots = [linked_list(nodes)]
    outcome = drop_roots(roots)
    outcome.operations = nodes
    return outcome


RING = 10


def young_rings(live, young):
    heap = random_graph(live, 47)
    count = -(-young // RING)
    total = longest = 0
    start = perf_counter_ns()
    for _ in range(count):
        begun = perf_counter_ns()
        total += ring(RING, 5).value
        longest = max(longest, perf_counter_ns() - begun)
    outcome = Outcome(count * RING, perf_counter_ns() - start, total)
    outcome.figures["longest pause, µs"] = longest / 1000
    del heap
    return outcome


def rewire(nodes, edges):
    heap = random_graph(nodes, 47)
    random = Random(41)
    changes = [(random.below(nodes), EDGES[random.below(3)], random.below(nodes)) for _ in range(edges)]
    start = perf_counter_ns()
    for origin, edge, target in changes:
        setattr(heap[origin], edge, heap[target])
    elapsed = perf_counter_ns() - start
    return Outcome(edges, elapsed, sum_of(heap))


def churn(live, replaced):
    count = -(-live // RING)
    replacements = -(-replaced // RING)
    heap = [ring(RING, value) for value in range(count)]
    random = Random(43)
    places = [random.below(count) for _ in range(replacements)]
    start = perf_counter_ns()
    for place in places:
        heap[place] = ring(RING, heap[place].value + 1)
    gc.collect()
    elapsed = perf_counter_ns() - start
    return Outcome(replacements * RING, elapsed, sum_of(heap))


def object_size(objects):
    # The numbers are objects here too, but not what the nodes cost.
    numbers = list(range(objects))
    heap = [None] * objects
    before = status("VmRSS:")
    start = perf_counter_ns()
    for number in numbers:
        heap[number] = Node(number)
    total = sum(node.value for node in heap)
    elapsed = perf_counter_ns() - start
    gained = max(0, status("VmRSS:") - before)
    outcome = Outcome(objects, elapsed, total)
    outcome.figures["bytes an object"] = gained / objects
    return outcome


# Each is given the scale, which makes a full size a part of it.
WORKLOADS = {
    "clone-drop": lambda of: clone_and_drop(of(50_000_000)),
    "make-drop": lambda of: make_and_drop(of(5_000_000)),
    "binary-trees": lambda of: trees(of(2_000_000)),
    "rings-2": lambda of: rings(2)(of(2_000_000)),
    "rings-10": lambda of: rings(10)(of(2_000_000)),
    "rings-100": lambda of: rings(100)(of(2_000_000)),
    "document": lambda of: documents(of(2_000_000)),
    "random-graph": lambda of: one_random_graph(of(400_000)),
    "young-rings": lambda of: young_rings(of(1_000_000), of(2_000_000)),
    "rewire": lambda of: rewire(of(200_000), of(2_000_000)),
    "churn": lambda of: churn(of(500_000), of(1_000_000)),
    "drop-long-list": lambda of: long_list(of.held(1_000_000)),
    "beside-10000": lambda of: young_rings(of.held(10_000), of(1_000_000)),
    "beside-100000": lambda of: young_rings(of.held(100_000), of(1_000_000)),
    "beside-1000000": lambda of: young_rings(of.held(1_000_000), of(1_000_000)),
    "object-size": lambda of: object_size(of(1_000_000)),
}


def status(field):
    """A line of /proc/self/status, in bytes; zero where there is none."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)
    except OSError:
        return 0


def run(name, divisor):
    outcome = WORKLOADS[name](Scale(divisor))
    report = {
        "workload": name,
        "operations": outcome.operations,
        "nanoseconds": outcome.nanoseconds / outcome.operations,
        "peak_bytes": status("VmHWM:"),
        "checksum": f"{outcome.checksum:016x}",
        "figures": outcome.figures,
    }
    print(json.dumps(report, ensure_ascii=False))


def main(arguments):
    match arguments:
        case ["list"]:
            print("\n".join(WORKLOADS))
        case [name, divisor] if name in WORKLOADS and divisor.isdecimal() and int(divisor) > 0:
            run(name, int(divisor))
        case _:
            sys.exit("usage: cpython.py list | WORKLOAD DIVISOR")


if __name__ == "__main__":
    main(sys.argv[1:])
