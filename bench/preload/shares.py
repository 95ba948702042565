#!/usr/bin/env python3
"""How much of a program's time is spent in glibc's malloc: what the best of allocators could save of it, but for what it does
to the processor's caches and in the kernel.

The programs are those of race.py, each run once under perf, whose samples are counted by the function that they fall into.
The last column is the time that would be left if malloc took none.

    python3 bench/preload/shares.py [--only NAME,NAME]

Wanted: perf (linux-perf), and the C library's symbols (libc6-dbg): without these only the exported functions are known.
"""

import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import Redis, other_programs, python_scripts
from race import parse, wanted

# glibc's functions that nobody but its malloc calls.
OF_MALLOC = re.compile(
    r"(__libc_|__GI___libc_|__)?(malloc|calloc|realloc|free|cfree|memalign)|_?_?_int_\w+|_mid_memalign|unlink_chunk|munmap_chunk"
    r"|mremap_chunk|malloc_consolidate|sysmalloc\w*|systrim|sysfree|tcache_\w+|arena_\w+|reused_arena|heap_trim|grow_heap|new_heap"
    r"|ptmalloc_\w+|alloc_perturb|operator (new|delete).*"
)


def main():
    arguments = parse(__doc__)
    if not shutil.which("perf"):
        sys.exit("perf is not installed")
    with tempfile.TemporaryDirectory() as folder:
        scripts = {f"python: {name}": command for name, command in python_scripts().items()}
        programs = wanted(other_programs(Path(folder), 1) | scripts, arguments)
        print(f"{'':24}{'malloc':>10}{'kernel':>10}{'the rest':>10}")
        left = [measure(name, command, Path(folder) / "samples") for name, command in programs.items()]
    print(f"{'geometric mean':44}{math.exp(statistics.fmean(map(math.log, left))):10.3f}")


def measure(name, command, samples):
    """Prints a line, and returns what is left without malloc."""
    perf = ["perf", "record", "--quiet", "-e", "cpu-clock", "-F", "2000", "-o", str(samples), *command]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(perf, env=dict(os.environ, PYTHONMALLOC="malloc"), **quiet)
    if isinstance(command, Redis):
        command.load()
    process.wait()
    report = ["perf", "report", "--quiet", "-i", str(samples), "--sort", "sym", "--stdio"]
    lines = subprocess.run(report, capture_output=True, text=True, check=True).stdout.splitlines()
    malloc = kernel = 0.0
    for share, where, function in filter(None, map(parse_line, lines)):
        if where == "k":
            kernel += share
        elif OF_MALLOC.fullmatch(function):
            malloc += share
    print(f"{name:24}{malloc:10.3f}{kernel:10.3f}{1 - malloc:10.3f}", flush=True)
    return 1 - malloc


def parse_line(line):
    """The share of a function, where it is («k» is the kernel), and its name without what the compiler has appended."""
    found = re.match(r"\s*([\d.]+)%\s+\[(.)\]\s+(.*?)(\.\w+)*\s*(- .*)?$", line)
    return found and (float(found[1]) / 100, found[2], found[3])


if __name__ == "__main__":
    main()
