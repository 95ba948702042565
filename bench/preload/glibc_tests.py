#!/usr/bin/env python3
"""glibc's own tests of malloc, on libmudlark.so and beside the allocators that Debian has.

The tests are those of the glibc that this system runs, from Debian's source package: apt fetches it and holds it against the
archive's signatures. They are built as they are, with glibc's own support library, and run by LD_PRELOAD. A test counts as
passed if its program ends with status 0 or, by its own words, is one that the system does not support.

    python3 bench/preload/glibc_tests.py [--keep FOLDER] [--only TEST,TEST] [--alone]

Ends with status 1 if a test fails on libmudlark.so. Wanted: apt-get, a C compiler, xz. Nothing is installed.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from programs import ROOT
from race import build, find_peers

# What a program may expect of any malloc. Not here is what asks for glibc's own: its chunks' headers (tst-malloc-backtrace,
# tst-safe-linking) and hooks (tst-compathooks-*, tst-mallocstate), MALLOC_CHECK_ and tunables (tst-malloc-check, -usable,
# -usable-tunables, tst-mxfast), mtrace, data structures that are no allocators (tst-dynarray*, tst-alloc_buffer,
# tst-scratch_buffer), and programs that bring a malloc along (tst-interpose-*).
TESTS = [
    "mallocbug",
    "tst-calloc",
    "tst-free-errno",
    "tst-mallinfo2",
    "tst-malloc",
    "tst-malloc-fork-deadlock",
    "tst-malloc-stats-cancellation",
    "tst-malloc-tcache-leak",
    "tst-malloc-thread-exit",
    "tst-malloc-thread-fail",
    "tst-malloc-too-large",
    "tst-malloc_info",
    "tst-mallocalign1",
    "tst-mallocfork",
    "tst-mallocfork2",
    "tst-mallocfork3",
    "tst-mallopt",
    "tst-memalign",
    "tst-obstack",
    "tst-posix_memalign",
    "tst-pvalloc",
    "tst-pvalloc-fortify",
    "tst-realloc",
    "tst-reallocarray",
    "tst-trim1",
    "tst-valloc",
]
# What a program may not do: glibc's malloc finds it out, and so does a library that looks at every free.
MISTAKES = ["tst-tcfree1", "tst-tcfree2", "tst-tcfree3"]

# Headers that only a build of glibc has, and what takes their place.
SHIMS = {
    "config.h": "",
    "stackinfo.h": "#define _STACK_GROWS_DOWN 1\n",
}
# glibc's internal headers that do without the rest of it.
INTERNAL_HEADERS = [
    "include/array_length.h",
    "include/intprops.h",
    "include/libc-diag.h",
    "include/libc-pointer-arith.h",
    "sysdeps/generic/malloc-alignment.h",
    "sysdeps/generic/malloc-size.h",
]
FLAGS = shlex.split(
    "-std=gnu11 -O2 -g -w -D_GNU_SOURCE -DMODULE_NAME=testsuite -DTEST_NO_MALLOPT -DTIMEOUTFACTOR=1 -include limits.h"
)
# The support library names the folders of glibc's build, which no test here looks into.
FOLDERS = "SRCDIR OBJDIR OBJDIR_ELF_LDSO INSTDIR LIBDIR SLIBDIR BINDIR SBINDIR ROOTSBINDIR COMPLOCALEDIR"
FLAGS += [f'-D{name}_PATH="/"' for name in FOLDERS.split()]
UNSUPPORTED = 77


def main():
    arguments = parse()
    libraries = {"mudlark": build(), "hardened": build("hardened")} | ({} if arguments.alone else find_peers())
    columns = {"glibc": None} | libraries
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.keep or temporary).resolve()
        glibc = fetch(folder)
        programs = Programs(glibc, folder / "built")
        failed = table("what a program may expect of any malloc", wanted(TESTS, arguments), programs, columns)
        looking = {name: columns[name] for name in ("glibc", "hardened")}
        failed |= table("mistakes that are found out", wanted(MISTAKES, arguments), programs, looking)
    sys.exit(bool(failed & {"mudlark", "hardened"}))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", help="where the source and the programs stay, to be used again")
    parser.add_argument("--only", default="", help="only these tests")
    parser.add_argument("--alone", action="store_true", help="without the other allocators, some of which hang for minutes")
    return parser.parse_args()


def wanted(tests, arguments):
    return [test for test in tests if not arguments.only or test in arguments.only.split(",")]


def fetch(folder):
    """glibc's source, unpacked in `folder`."""
    found = list(folder.glob("glibc-*/malloc"))
    if not found:
        download(folder)
        archive = next(folder.glob("glibc_*.orig.tar.*"))
        subprocess.run(["tar", "-xf", archive.name], cwd=folder, check=True)
        found = list(folder.glob("glibc-*/malloc"))
    return found[0].parent


def download(folder):
    """Has apt fetch the source package, with lists and caches of its own: the system's stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    release = next(line for line in Path("/etc/os-release").read_text().splitlines() if "VERSION_CODENAME=" in line)
    codename = release.partition("=")[2].strip('"')
    (folder / "sources.list").write_text(f"deb-src [signed-by={keyring}] http://deb.debian.org/debian {codename} main\n")
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
    }
    apt = ["apt-get", "-qq"] + [f"-o{name}={value}" for name, value in settings.items()]
    subprocess.run([*apt, "update"], cwd=folder, check=True)
    subprocess.run([*apt, "source", "--download-only", "glibc"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


class Programs:
    """The tests' programs, built as they are asked for."""

    def __init__(self, glibc, folder):
        self.glibc, self.folder = glibc, folder
        self.headers = folder / "headers"
        self.lay_out_headers()
        self.support = self.build_support()

    def lay_out_headers(self):
        self.headers.mkdir(parents=True, exist_ok=True)
        for name, text in SHIMS.items():
            (self.headers / name).write_text(text)
        # Not all of glibc's: its own headers would hide the system's.
        for path in ["support", "malloc", *INTERNAL_HEADERS]:
            link = self.headers / Path(path).name
            if not link.is_symlink():
                link.symlink_to(self.glibc / path)

    def compile(self, *arguments):
        folders = [f"-I{self.headers}", f"-I{self.glibc / 'support'}"]
        return subprocess.run(["cc", *FLAGS, *folders, *map(str, arguments)], capture_output=True, text=True, check=False)

    def build_support(self):
        """glibc's support library, as far as it does without glibc's internals: what is missing no test here needs."""
        library = self.folder / "libsupport.a"
        if not library.exists():
            sources = [source for source in (self.glibc / "support").glob("*.c") if not is_program(source)]
            objects = [self.folder / f"{source.stem}.o" for source in sources]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda pair: self.compile("-c", pair[0], "-o", pair[1]), zip(sources, objects)))
            there = [str(object) for object in objects if object.exists()]
            subprocess.run(["ar", "rcs", str(library), *there], check=True)
        return library

    def program(self, test):
        path = self.folder / test
        source = self.glibc / "malloc" / f"{test}.c"
        # The compiler must not think itself to know what `malloc` does.
        built = self.compile("-fno-builtin", source, "-o", path, self.support, "-lpthread")
        if built.returncode:
            raise SystemExit(f"{test} does not build:\n{built.stderr}")
        return path


def is_program(source):
    return source.stem.startswith(("tst-", "README", "links-")) or source.stem.endswith(("-container", "test-driver"))


def table(title, tests, programs, columns):
    """Runs all tests on all allocators. Returns the names of those that have failed one."""
    if not tests:
        return set()
    print(f"\n## {title}\n")
    print(f"{'':32}" + "".join(f"{name:>10}" for name in columns))
    passed = {name: 0 for name in columns}
    for test in tests:
        program = programs.program(test)
        verdicts = [run(program, library) for library in columns.values()]
        for name, verdict in zip(columns, verdicts):
            passed[name] += verdict in ("ok", "n/a")
        print(f"{test:32}" + "".join(f"{verdict:>10}" for verdict in verdicts), flush=True)
    print(f"{f'passed of {len(tests)}':32}" + "".join(f"{passed[name]:>10}" for name in columns))
    return {name for name in columns if passed[name] < len(tests)}


def run(program, library):
    """A word on how the program ends."""
    environment = dict(os.environ)
    if library:
        environment["LD_PRELOAD"] = str(library)
    with tempfile.TemporaryDirectory() as folder:
        command = subprocess.run([program], cwd=folder, env=environment, capture_output=True, timeout=400, check=False)
    if command.returncode == UNSUPPORTED:
        return "n/a"
    log = Path(f"{program}.{'glibc' if library is None else library.parent.name}.log")
    log.write_bytes(command.stdout + command.stderr)
    return "ok" if command.returncode == 0 else f"FAIL {command.returncode}"


if __name__ == "__main__":
    main()
