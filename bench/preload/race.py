#!/usr/bin/env python3
"""Other people's programs on libmudlark.so, beside the allocators that Debian has.

Two tables: object-heavy scripts on CPython, held against its own pymalloc; and programs, held against glibc's malloc. A
column is an allocator, a field the processor time of the whole process (user and system, its children's as well) and its
peak of resident memory, as multiples of the first column's. Medians; the allocators take turns within a round. What a
program prints has to be the same under all of them.

    python3 bench/preload/race.py [--runs N] [--only NAME,NAME] [--quick]

Peers are found where Debian puts them: apt-get install libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4. Programs that are
missing are left out: g++ git sqlite3 perl node redis-server redis-tools.
"""

import argparse
import hashlib
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = {
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2",
}


def main():
    arguments = parse(__doc__)
    libraries = {"mudlark": build()} | find_peers()
    with tempfile.TemporaryDirectory() as folder:
        scripts = wanted(python_scripts(), arguments)
        table("CPython's objects", "pymalloc", {"pymalloc": None, "glibc": None} | libraries, scripts, arguments)
        programs = wanted(other_programs(Path(folder), 8 if arguments.quick else 1), arguments)
        table("programs", "glibc", {"glibc": None} | libraries, programs, arguments)


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each program with each allocator")
    parser.add_argument("--only", default="", help="only these, by their names in the tables")
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


def python_scripts():
    # The interpreter itself: a wrapper's time is not of interest.
    interpreter = os.path.realpath(sys.executable)
    return {script.stem: [interpreter, str(script)] for script in sorted((HERE / "python").glob("*.py"))}


def other_programs(folder, divisor):
    """The programs that there are, with something to do for each."""
    lines, rows, keys = folder / "lines", folder / "rows.sql", 400_000 // divisor
    lines.write_text("".join(f"{i * 2654435761 % 2**32:x} line {i}\n" for i in range(600_000 // divisor)))
    rows.write_text(
        "create table t(a, b, c);\n"
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {keys})"
        " insert into t select i, 'text ' || i, i * 7919 % 10007 from n;\n"
        "create index x on t(c, b);\nselect count(*), sum(length(b)) from t where c > 500 group by c % 10;\n"
    )
    (folder / "program.cpp").write_text(
        "#include <iostream>\n#include <map>\n#include <regex>\n#include <string>\n#include <vector>\n"
        "int main() { std::map<std::string, std::vector<int>> m; std::regex r(\"a+b\");"
        " for (int i = 0; i < 10; i++) m[std::to_string(i)].push_back(i); std::cout << m.size(); }\n"
    )
    perl = (
        f"my %h; push @{{$h{{'key' . $_ * 7919 % 50021}}}}, \"v$_\" for 1..{keys}; my $n = 0;"
        " $n += length join ',', @{$h{$_}} for sort keys %h; print $n"
    )
    node = (
        f"let a; for (let r = 0; r < {max(1, 20 // divisor)}; r++) {{ a = [];"
        " for (let i = 0; i < 100000; i++) a.push({i, s: 'x' + i, b: Buffer.alloc(64)}); } console.log(a.length)"
    )
    commands = {
        "g++": ["g++", "-O1", "-S", "-o", "/dev/null", str(folder / "program.cpp")],
        "sqlite3": ["sqlite3", ":memory:", f".read {rows}"],
        "perl": ["perl", "-e", perl],
        "git log": ["git", "-C", str(ROOT), "log", "-p", "--stat"],
        "sort": ["sort", "--parallel=4", "-S64M", str(lines)],
        "awk": ["awk", "{ a[$1] = $0; n += split($0, p, \" \") } END { print length(a), n }", str(lines)],
        "node": ["node", "-e", node],
        "json": [os.path.realpath(sys.executable), str(HERE / "python" / "json_loads.py")],
        "async": [os.path.realpath(sys.executable), str(HERE / "python" / "async_tree.py")],
        "redis": Redis(100_000 // divisor),
    }
    missing = [name for name, command in commands.items() if not shutil.which(command[0])]
    for name in missing:
        print(f"left out: {name} is not installed", file=sys.stderr)
    return {name: command for name, command in commands.items() if name not in missing}


class Redis(list):
    """A server, and a load for it from a second process."""

    def __init__(self, requests):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        super().__init__(["redis-server", "--port", self.port, "--save", "", "--daemonize", "no", "--loglevel", "warning"])
        self.requests = str(requests)

    def load(self):
        for _ in range(200):
            ping = subprocess.run(["redis-cli", "-p", self.port, "ping"], capture_output=True, check=False)
            if ping.stdout.strip() == b"PONG":
                break
            time.sleep(0.05)
        tests = "set,get,lpush,lpop,sadd,hset,zadd,mset"
        benchmark = ["redis-benchmark", "-p", self.port, "-q", "-n", self.requests, "-r", "50000", "-P", "8", "-t", tests]
        subprocess.run(benchmark, stdout=subprocess.DEVNULL, check=True)
        subprocess.run(["redis-cli", "-p", self.port, "shutdown", "nosave"], capture_output=True, check=False)


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
    launcher = [os.path.realpath(sys.executable), "-I", "-S", "-c", LAUNCHER, str(write), *settings, *command]
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
    logs = {name: ([], []) for name in allocators}
    for name, command in commands.items():
        medians = measure(name, command, allocators, arguments.runs)
        first = medians[baseline]
        fields = []
        for allocator, (seconds, mebibytes) in medians.items():
            ratios = seconds / first[0], mebibytes / first[1]
            for log, ratio in zip(logs[allocator], ratios):
                log.append(math.log(ratio))
            plain = allocator == baseline
            fields.append(f"{seconds:9.2f} {mebibytes:6.1f}" if plain else f"{ratios[0]:9.3f} {ratios[1]:6.2f}")
        print(f"{name:16}" + "".join(fields), flush=True)
    means = [[math.exp(statistics.fmean(log)) for log in logs[name]] for name in allocators]
    print(f"{'geometric mean':16}" + "".join(f"{time:9.3f} {memory:6.2f}" for time, memory in means))


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
