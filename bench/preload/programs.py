"""Other people's programs, with something to do for each: what race.py runs and shares.py looks into."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The interpreter itself: a wrapper's time is not of interest.
PYTHON = os.path.realpath(sys.executable)

# Those that spend eight hundredths of their time or more in glibc's malloc, as shares.py finds.
ALLOCATION_HEAVY = {"cppcheck", "xmllint", "xsltproc", "cmark", "lua", "json", "async"}


def python_scripts():
    """The scripts on CPython."""
    return {script.stem: [PYTHON, str(script)] for script in sorted((HERE / "python").glob("*.py"))}


def other_programs(folder, divisor):
    """The programs that are installed; what they read is written to the folder. The work is divided by the divisor."""
    commands = compilers(folder) | databases(folder, divisor) | texts(folder, divisor) | interpreters(folder, divisor)
    missing = [name for name, command in commands.items() if not shutil.which(command[0])]
    for name in missing:
        print(f"left out: {name} is not installed", file=sys.stderr)
    return {name: command for name, command in commands.items() if name not in missing}


def compilers(folder):
    program = written(
        folder / "program.cpp",
        "#include <iostream>\n#include <map>\n#include <regex>\n#include <string>\n#include <vector>\n"
        "int main() { std::map<std::string, std::vector<int>> m; std::regex r(\"a+b\");"
        " for (int i = 0; i < 10; i++) m[std::to_string(i)].push_back(i); std::cout << m.size(); }\n",
    )
    functions = "".join(
        f"struct S{i} {{ std::vector<int> v; int f(int x) {{ for (int k = {i}; k < x; k++) v.push_back(k); return v.empty()"
        f" ? x : v[0]; }} }};\nint use{i}(S{i} *p, int y) {{ int z = p->f(y); char *q = new char[z + 1]; q[0] = 1; delete[] q;"
        " return z; }\n"
        for i in range(120)
    )
    checked = written(folder / "checked.cpp", f"#include <vector>\n{functions}")
    return {
        "g++": ["g++", "-O1", "-S", "-o", "/dev/null", program],
        "cppcheck": ["cppcheck", "--quiet", "--enable=performance", checked],
        "git log": ["git", "-C", str(ROOT), "log", "-p", "--stat"],
    }


def databases(folder, divisor):
    rows = written(
        folder / "rows.sql",
        "create table t(a, b, c);\n"
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {400_000 // divisor})"
        " insert into t select i, 'text ' || i, i * 7919 % 10007 from n;\n"
        "create index x on t(c, b);\nselect count(*), sum(length(b)) from t where c > 500 group by c % 10;\n",
    )
    return {"sqlite3": ["sqlite3", ":memory:", f".read {rows}"], "redis": Redis(100_000 // divisor)}


def texts(folder, divisor):
    lines = written(folder / "lines", "".join(f"{i * 2654435761 % 2**32:x} line {i}\n" for i in range(600_000 // divisor)))
    words = Words()
    items = "".join(
        f'<item kind="{words.some(1)}"><name>{words.some(2)}</name><text lang="en">{words.some(8)}</text></item>\n'
        for _ in range(40_000 // divisor)
    )
    document = written(folder / "document.xml", f"<list>\n{items}</list>\n")
    sheet = written(
        folder / "sheet.xsl",
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="html"/>'
        '<xsl:key name="kinds" match="item" use="@kind"/><xsl:template match="/"><html><body><xsl:apply-templates'
        ' select="list/item"><xsl:sort select="name"/></xsl:apply-templates></body></html></xsl:template>'
        '<xsl:template match="item"><h2><xsl:value-of select="name"/></h2><p class="{@kind}"><xsl:value-of select="text"/>'
        "<i><xsl:value-of select=\"count(key('kinds', @kind))\"/></i></p></xsl:template></xsl:stylesheet>",
    )
    markdown = written(
        folder / "text.md",
        "".join(
            f"## {words.some(3)}\n\n{words.some(20)} *{words.some(2)}* [`{words.some(1)}`](#{i}) {words.some(10)}\n\n"
            f"- {words.some(4)}\n- {words.some(5)}\n    1. **{words.some(3)}**\n\n"
            for i in range(40_000 // divisor)
        ),
    )
    return {
        "sort": ["sort", "--parallel=4", "-S64M", lines],
        "awk": ["awk", '{ a[$1] = $0; n += split($0, p, " ") } END { print length(a), n }', lines],
        "xmllint": ["xmllint", "--xpath", "count(//text)", document],
        "xsltproc": ["xsltproc", sheet, document],
        "cmark": ["cmark", markdown],
    }


def interpreters(folder, divisor):
    keys = 400_000 // divisor
    perl = (
        f"my %h; push @{{$h{{'key' . $_ * 7919 % 50021}}}}, \"v$_\" for 1..{keys}; my $n = 0;"
        " $n += length join ',', @{$h{$_}} for sort keys %h; print $n"
    )
    lua = written(
        folder / "tables.lua",
        f"local t, n = {{}}, 0\nfor i = 1, {keys} do local k = 'k' .. i * 7919 % 50021\n"
        "t[k] = {id = i, name = k .. 'x', list = {i, {i}}} end\n"
        "for _, v in pairs(t) do n = n + #v.name + #v.list end\nprint(n)\n",
    )
    node = (
        f"let a; for (let r = 0; r < {max(1, 20 // divisor)}; r++) {{ a = [];"
        " for (let i = 0; i < 100000; i++) a.push({i, s: 'x' + i, b: Buffer.alloc(64)}); } console.log(a.length)"
    )
    return {
        "perl": ["perl", "-e", perl],
        "lua": ["lua5.4", lua],
        "node": ["node", "-e", node],
        "json": [PYTHON, str(HERE / "python" / "json_loads.py")],
        "async": [PYTHON, str(HERE / "python" / "async_tree.py")],
    }


def written(path, text):
    path.write_text(text)
    return str(path)


class Words:
    """Words that no language has, the same ones in each run."""

    def __init__(self):
        self.random = random.Random(7)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(self.random.choices(letters, k=self.random.randint(3, 10))) for _ in range(5000)]

    def some(self, count):
        return " ".join(self.random.choices(self.words, k=count))


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
