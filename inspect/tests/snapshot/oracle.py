#!/usr/bin/env python3
"""Asks CPython's tracemalloc and fnmatch: random snapshots and filters, and what they come to.

Run: python3 oracle.py > oracle.txt
"""

import fnmatch
import random
import tracemalloc

random.seed(9)
FILES = ["/app/main.rs", "/app/parser.rs", "/app/parser/lexer.rs", "/lib/map.rs", "/lib/vec.rs"]


def a_trace(distinct):
    """Domain, size, frames from the innermost on, and their number."""
    count = random.randint(1, 3)
    files = random.sample(FILES, count) if distinct else random.choices(FILES, k=count)
    frames = tuple((file, random.randint(1, 4)) for file in files)
    size = int(10 ** random.uniform(0, random.choice([2, 5, 8, 13])))
    return (random.randint(0, 2), size, frames, count)


def text_of(key_type, traceback):
    if key_type == "filename":
        return traceback[0].filename
    return "<".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(traceback))


def print_statistics(title, key_type, statistics):
    print(f"{title} {len(statistics)}")
    for statistic in statistics:
        print(text_of(key_type, statistic.traceback) + " " + str(statistic).split(": ", 1)[1])


def print_snapshot(name, traces):
    print(f"snapshot {name} {len(traces)}")
    for domain, size, frames, _ in traces:
        print(domain, size, "<".join(f"{file}:{line}" for file, line in frames))
    return tracemalloc.Snapshot(traces, 3)


def a_filter():
    pattern = random.choice(["*", "/app/*", "*parser*", "/lib/[!v]*", "/app/main.rs", "*.r?", "nothing"])
    line = random.choice([None, None, 1, 2])
    domain = random.choice([None, None, 0, 1, 2])
    inclusive, all_frames = random.random() < 0.5, random.random() < 0.5
    print("filter", "include" if inclusive else "exclude", pattern, line or "-", "-" if domain is None else domain, all_frames)
    return tracemalloc.Filter(inclusive, pattern, line, all_frames, domain)


def print_case(distinct):
    old, new = ([a_trace(distinct) for _ in range(random.randint(0, 30))] for _ in range(2))
    common = [a_trace(distinct) for _ in range(random.randint(0, 10))]
    old, new = print_snapshot("old", old + common), print_snapshot("new", new + common)
    for key_type in ["lineno", "filename", "traceback"]:
        print_statistics(f"statistics {key_type}", key_type, new.statistics(key_type))
        print_statistics(f"compare {key_type}", key_type, new.compare_to(old, key_type))
    if distinct:
        for key_type in ["lineno", "filename"]:
            print_statistics(f"cumulative {key_type}", key_type, new.statistics(key_type, cumulative=True))
    for _ in range(8):
        filters = [a_filter() for _ in range(random.randint(0, 3))]
        print_statistics("filtered lineno", "lineno", new.filter_traces(filters).statistics("lineno"))


def print_patterns():
    texts = ["".join(random.choices("ab[]!-/.", k=random.randint(0, 5))) for _ in range(100)]
    print("texts", *("=" + text for text in texts))
    for _ in range(200):
        pattern = "".join(random.choices("ab[]!-/.**??", k=random.randint(0, 7)))
        print("pattern", "=" + pattern, *(index for index, text in enumerate(texts) if fnmatch.fnmatchcase(text, pattern)))


for number in range(6):
    print_case(distinct=number % 2 == 0)
print_patterns()
