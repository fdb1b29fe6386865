# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How long each report of a run takes, how much memory and how large it is, by number of hosts, side by side:

    python tests/bench/bench_reports.py                    1,000, 10,000 and 100,000 hosts
    python tests/bench/bench_reports.py 1000 5000
    python tests/bench/bench_reports.py 100000 --format all     this row alone

Each format is rendered in a process of its own out of records.jsonl, reading included; ``all`` is one process that
writes every format, as ``faiss-fleet report --formats all`` does. On a busy machine CPU seconds tell more than seconds.
Beside them stands ansible-cmdb, which renders the same hosts' facts to one HTML page (cmdb.py), up to 10,000 hosts.
bench_page.py opens both pages in a browser.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from faiss_fleet.reports.formats import FORMATS
from tests.bench import cmdb
from tests.sample_records import RUN, write_fleet

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (1_000, 10_000, 100_000)
ALL = "all"
CMDB = "ansible-cmdb"
MEANT = {0: (60.0, "s"), 2: (1024.0, "MiB")}  # what all formats of the largest fleet are meant to stay under


def step(name: str, directory: Path) -> None:
    """Renders in this process, and prints its figures as JSON."""
    started, cpu = time.perf_counter(), time.process_time()
    output = reports.Output.of(name)
    reports.render(directory, output=output)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    # What a page keeps beside it counts as well.
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and path.name not in _GIVEN)
    print(json.dumps([seconds, cpu, _peak_mib(), size / 1e6]))


def _peak_mib() -> float:
    """The most memory that this process had. Not ru_maxrss, which begins with what the process that started it had."""
    [line] = [line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in line]
    return int(line.split()[1]) / 1024


_GIVEN = ("records.jsonl", "run.json")


def measured(name: str, directory: Path) -> list[float]:
    """The figures of one format, in a process of its own and with no other format's files about."""
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.name not in _GIVEN:
            path.rmdir() if path.is_dir() else path.unlink()
    command = [sys.executable, "-m", "tests.bench.bench_reports", "--step", name, str(directory)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: list[float] = json.loads(done.stdout)
    return figures


def beside(directory: Path, count: int) -> list[float] | str:
    """ansible-cmdb's figures on the facts of these hosts, or why there are none."""
    if count > cmdb.MOST_HOSTS:
        return f"it is asked for at most {cmdb.MOST_HOSTS:,} hosts"
    command = [sys.executable, "-m", "tests.bench.cmdb", str(directory)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: list[float] | str = json.loads(done.stdout)
    return figures


def table(title: str, unit: int, rows: dict[str, dict[int, list[float] | str]], counts: list[int]) -> None:
    """One figure of every row, the numbers of hosts side by side."""
    print(f"\n{title:<22}" + "".join(f"{count:>14,}" for count in counts))
    for name, by_count in rows.items():
        cells = [by_count[count] for count in counts]
        shown = ["-" if isinstance(cell, str) else f"{cell[unit]:,.2f}" for cell in cells]
        print(f"  {name:<20}" + "".join(f"{text:>14}" for text in shown))


def main() -> None:
    """Every format for every number of hosts."""
    if sys.argv[1:2] == ["--step"]:
        step(sys.argv[2], Path(sys.argv[3]))
        return
    every = [*(name for name in FORMATS if name != "jsonl"), ALL]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS, metavar="HOSTS")
    parser.add_argument("--format", action="append", choices=every, help="these rows (default: every format)")
    options = parser.parse_args()
    counts, names = options.counts, options.format or every
    rows: dict[str, dict[int, list[float] | str]] = {name: {} for name in (names if options.format else [*names, CMDB])}
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="faiss-fleet-bench-") as temporary:
            directory = write_fleet(Path(temporary), count)
            size = (directory / "records.jsonl").stat().st_size / 1e6
            print(f"{count:,} hosts, {directory.name}/records.jsonl {size:,.0f} MB", flush=True)
            for name in names:
                rows[name][count] = measured(name, directory)
            if CMDB in rows:
                rows[CMDB][count] = beside(directory, count)
    for title, unit in (("seconds", 0), ("CPU seconds", 1), ("peak RSS, MiB", 2), ("written, MB", 3)):
        table(title, unit, rows, counts)
    for count, told in rows.get(CMDB, {}).items():
        if isinstance(told, str):
            print(f"\nansible-cmdb on {count:,} hosts: {told}")
    largest = rows.get(ALL, {}).get(counts[-1])
    if isinstance(largest, list):
        shares = ", ".join(f"{largest[unit]:.1f} of {most:g} {name}" for unit, (most, name) in MEANT.items())
        print(f"\nall formats of {counts[-1]:,} hosts: {shares}")
    print(f"run {RUN.id}; reading records.jsonl is part of each row.")


if __name__ == "__main__":
    main()
