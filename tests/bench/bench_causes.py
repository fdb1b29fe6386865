# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How long a diagnosis takes for each megabyte of log:  python -m tests.bench.bench_causes [megabytes]

The usual log is what installations print while they go well (the tests' messages that have no cause, and lines of
builds, pip, yum and npm with numbers of their own), with one real error in two thousand lines. The worst is nothing but
errors. Processor time is taken, the best of three runs.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.causes import diagnose as causes

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "diagnosis"

TEMPLATES = (
    "[ {p}%] Building CXX object faiss/CMakeFiles/faiss.dir/impl/Index{n}Search.cpp.o",
    "g++ -O3 -fPIC -I/opt/app/include/{n} -c src/module_{n}.cc -o build/temp.linux-x86_64-3.9/src/module_{n}.o",
    "  copying build/lib/numpy/core/tests/test_{n}.py -> build/bdist.linux-x86_64/wheel/numpy/core/tests",
    "  Downloading package_{n}-1.{p}.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl ({p} MB)",
    "npm http fetch GET 200 https://registry.example/package-{n} {n}ms (cache revalidated)",
    "npm timing idealTree:node_modules/package-{n} Completed in {p}ms",
    "--> Processing Dependency: libfoo{n}.so.{p}()(64bit) for package: foo-{n}-1.el7.x86_64",
    "#12 {p}.{n} Get:{p} http://deb.example/debian bookworm/main amd64 libfoo{n} amd64 1.2-{p} [{n} kB]",
    "Nov 22 10:00:{p} host1 app[{n}]: request {n} took {p} ms, 200 OK",
    "-- Looking for function_{n} - found",
    "../vendor/lib/file_{n}.c:{n}:{p}: warning: unused variable 'value_{n}' [-Wunused-variable]",
    "{n}: calling init: /usr/local/conda3/lib/python3.6/lib-dynload/module_{n}.cpython-36m-x86_64-linux-gnu.so",
)


def usual_log(size: int) -> str:
    """So many characters of a log with an error now and then."""
    dice = random.Random(7)
    harmless = [line for lines in json.loads((FIXTURES / "successes.json").read_text()) for line in lines]
    harmless += (FIXTURES / "harmless.log").read_text().splitlines()
    harmless = [line for line in harmless if not causes.diagnose(line)]
    errors = _errors()
    lines, length = [], 0
    while length < size:
        chance = dice.random()
        if chance < 0.0005:
            line = dice.choice(errors)
        elif chance < 0.25:
            line = dice.choice(harmless)
        else:
            line = dice.choice(TEMPLATES).format(n=dice.randrange(100000), p=dice.randrange(100))
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines)


def worst_log(size: int) -> str:
    """So many characters of nothing but errors."""
    dice, errors, lines, length = random.Random(7), _errors(), [], 0
    while length < size:
        lines.append(dice.choice(errors))
        length += len(lines[-1]) + 1
    return "\n".join(lines)


def _errors() -> list[str]:
    return [variant["message"] for variant in json.loads((FIXTURES / "variants.json").read_text())]


def seconds(text: str) -> float:
    """Processor time of a diagnosis, the best of three."""
    times = []
    for _ in range(3):
        started = time.process_time()
        causes.diagnose(text)
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Both logs."""
    size = float(sys.argv[1] if len(sys.argv) > 1 else 4)
    for name, text in (("usual", usual_log(int(size * 1e6))), ("worst", worst_log(int(size * 1e6 / 4)))):
        megabytes = len(text) / 1e6
        print(f"  {name} log, {megabytes:.1f} MB: {seconds(text) / megabytes:.3f} s of processor time for each MB")


if __name__ == "__main__":
    main()
