#!/usr/bin/env python3
"""Other people's programs on libmudlark.so, beside the allocators that Debian has.

Two tables: object-heavy scripts on CPython, held against its own pymalloc; and programs, held against glibc's malloc. A
column is an allocator, a field the processor time of the whole process (user and system, its children's as well) and its
peak of resident memory, as multiples of the first column's. Medians; the allocators take turns within a round. What a
program prints has to be the same under all of them.

    python3 bench/preload/race.py [--runs N] [--only NAME,NAME] [--quick] [--alone]

Peers are found where Debian puts them: apt-get install libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4. Programs that are
missing are left out: g++ cppcheck git sqlite3 redis-server redis-tools gawk libxml2-utils xsltproc cmark perl lua5.4 nodejs.
"""

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import ALLOCATION_HEAVY, PYTHON, ROOT, Redis, other_programs, python_scripts

PEERS = {
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2",
}


def main():
    arguments = parse(__doc__)
    libraries = {"mudlark": build()} | ({} if arguments.alone else find_peers())
    with tempfile.TemporaryDirectory() as folder:
        scripts = wanted(python_scripts(), arguments)
        table("CPython's objects", "pymalloc", {"pymalloc": None, "glibc": None} | libraries, scripts, arguments)
        programs = wanted(other_programs(Path(folder), 8 if arguments.quick else 1), arguments)
        table("programs", "glibc", {"glibc": None} | libraries, programs, arguments)


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each program with each allocator")
    parser.add_argument("--only", default="", help="only these, by their names in the tables")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--quick", action="store_true", help="an eighth of the programs' work, and one run")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs = 1
    return arguments


def build(feature=""):
    """Builds the library, with a feature in a folder of its own, and returns where it is."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / feature
    cargo = ["cargo", "build", "--quiet", "--release", "-p", "mudlark-preload", "--features", feature, "--target-dir", target]
    subprocess.run(cargo, cwd=ROOT, check=True)
    return target / "release" / "libmudlark.so"


def find_peers():
    folders = [Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib")]
    found = {name: next((f / file for f in folders if (f / file).exists()), None) for name, file in PEERS.items()}
    for name in (name for name, path in found.items() if path is None):
        print(f"left out: {name} is not installed", file=sys.stderr)
    return {name: path for name, path in found.items() if path}


def wanted(commands, arguments):
    names = arguments.only.split(",") if arguments.only else list(commands)
    return {name: command for name, command in commands.items() if name in names}


# A process counts as its peak what its parent had when it was started, too. So the parent is this, which has little:
# it reports processor time, peak and status on its first argument, a file descriptor.
LAUNCHER = """
import os, sys
report, environment, command = int(sys.argv[1]), dict(os.environ), sys.argv[2:]
while "=" in command[0]:
    name, _, value = command.pop(0).partition("=")
    environment[name] = value
pid = os.posix_spawnp(command[0], command, environment)
_, status, usage = os.wait4(pid, 0)
os.write(report, f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {status}".encode())
"""


def run(command, allocator, library):
    """Runs a command once: its processor time in seconds, its peak in MiB, and a digest of what it printed."""
    settings = [] if allocator == "pymalloc" else ["PYTHONMALLOC=malloc"]
    if library:
        settings.append(f"LD_PRELOAD={library}")
    read, write = os.pipe()
    launcher = [PYTHON, "-I", "-S", "-c", LAUNCHER, str(write), *settings, *command]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(launcher, stdin=subprocess.DEVNULL, stdout=printed, pass_fds=[write])
        os.close(write)
        if isinstance(command, Redis):
            command.load()
        with open(read, encoding="ascii") as report:
            seconds, kibibytes, status = report.read().split()
        process.wait()
        printed.seek(0)
        output = "" if isinstance(command, Redis) else hashlib.file_digest(printed, "sha256").hexdigest()
    if int(status):
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(int(status))} under {allocator}")
    return float(seconds), int(kibibytes) / 1024, output


def table(title, baseline, allocators, commands, arguments):
    if not commands:
        return
    print(f"\n## {title}: processor time, peak memory; {baseline} in s and MiB, the others as multiples of it\n")
    print(f"{'':16}" + "".join(f"{name:>16}" for name in allocators))
    rows = {}
    for name, command in commands.items():
        medians = measure(name, command, allocators, arguments.runs)
        first = medians[baseline]
        rows[name] = {allocator: [own / its for own, its in zip(row, first)] for allocator, row in medians.items()}
        fields = [f"{first[0]:9.2f} {first[1]:6.1f}", *map(ratios, list(rows[name].values())[1:])]
        print(f"{name:16}" + "".join(fields), flush=True)
    print_means("geometric mean", allocators, rows.values())
    print_means("allocation-heavy", allocators, [row for name, row in rows.items() if name in ALLOCATION_HEAVY])


def ratios(time_and_memory):
    return "{:9.3f} {:6.2f}".format(*time_and_memory)


def print_means(title, allocators, rows):
    """Prints the geometric means of some rows, if there are any."""
    if rows:
        columns = [zip(*(row[allocator] for row in rows)) for allocator in allocators]
        print(f"{title:16}" + "".join(ratios(map(statistics.geometric_mean, column)) for column in columns))


def measure(name, command, allocators, runs):
    """The medians of each allocator."""
    results, outputs = {allocator: [] for allocator in allocators}, set()
    for round_number in range(runs):
        for allocator, library in allocators.items():
            if sys.stderr.isatty():
                print(f"\r\x1b[K{name}, round {round_number + 1} of {runs}: {allocator}", end="", file=sys.stderr)
            *figures, output = run(command, allocator, library)
            results[allocator].append(figures)
            outputs.add(output)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    if len(outputs) > 1:
        raise SystemExit(f"{name} does not print the same under all allocators")
    return {allocator: [statistics.median(column) for column in zip(*rows)] for allocator, rows in results.items()}


if __name__ == "__main__":
    main()
