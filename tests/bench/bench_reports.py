# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How long each report of a run takes, how much memory and how large it is, by number of hosts, side by side:

    python tests/bench/bench_reports.py                    1,000, 10,000 and 100,000 hosts
    python tests/bench/bench_reports.py 1000 5000

Each format is rendered in a process of its own out of records.jsonl, reading included; ``all`` is one process that
writes every format, as ``faiss-fleet report --formats all`` does. On a busy machine CPU seconds tell more than seconds.
Beside them stands ansible-cmdb, which renders the same hosts' facts to HTML, where it can be made to run.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from faiss_fleet.reports.formats import FORMATS
from tests.sample_records import RUN, write_fleet

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (1_000, 10_000, 100_000)
ALL = "all"
CMDB = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "faiss-fleet" / "bench" / "ansible-cmdb"
CMDB_LIMIT = 300  # seconds that ansible-cmdb is given


def step(name: str, directory: Path) -> None:
    """Renders in this process, and prints its figures as JSON."""
    started, cpu = time.perf_counter(), time.process_time()
    output = reports.Output.of(name)
    reports.render(directory, output=output)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    # What a page keeps beside it counts as well.
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and path.name not in _GIVEN)
    print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size / 1e6]))


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


def cmdb(directory: Path) -> list[float] | str:
    """ansible-cmdb's figures on the facts of these hosts, or why there are none."""
    binary = CMDB / "bin" / "ansible-cmdb"
    if not binary.exists():
        for command in ([sys.executable, "-m", "venv", str(CMDB)],
                        [str(CMDB / "bin" / "pip"), "install", "-q", "ansible-cmdb", "setuptools<81"]):  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                return "it cannot be installed here: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    facts = directory.parent / "facts"
    facts.mkdir(exist_ok=True)
    with (directory / "records.jsonl").open(encoding="ascii") as file:
        for line in file:
            record = json.loads(line)
            name, known = record["host"]["name"], record["facts"] or {}
            (facts / name).write_text(json.dumps({"ansible_facts": _as_setup(name, known)}), encoding="utf-8")
    page = directory.parent / "cmdb.html"
    started = time.perf_counter()
    with page.open("wb") as out, tempfile.TemporaryFile() as told:
        # A shell script that takes the first Python on the path.
        environment = {**os.environ, "PATH": f"{binary.parent}:{os.environ['PATH']}"}
        process = subprocess.Popen([str(binary), str(facts)], stdout=out, stderr=told, env=environment)
        stop = threading.Timer(CMDB_LIMIT, process.kill)
        stop.start()
        _pid, status, used = os.wait4(process.pid, 0)  # of this child alone, with its own children
        process.returncode = os.waitstatus_to_exitcode(status)
        in_time = stop.is_alive()
        stop.cancel()
        seconds = time.perf_counter() - started
        told.seek(0)
        said = told.read().decode("utf-8", "replace").strip().splitlines()
    if not in_time:
        return f"it was not done after {CMDB_LIMIT} s"
    if process.returncode or page.stat().st_size < 1_000:
        return f"it ended with {process.returncode}: {re.sub(r'/[^ ]*/', '', said[-1]) if said else 'and said nothing'}"
    return [seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, page.stat().st_size / 1e6]


def _as_setup(name: str, facts: dict[str, object]) -> dict[str, object]:
    """The facts under names that ansible-cmdb's columns ask for, and all of ours besides."""
    system = facts.get("os") or {}
    assert isinstance(system, dict)
    return {
        **{"ansible_fqdn": name, "ansible_nodename": name, "ansible_hostname": name.partition(".")[0]},
        **{"ansible_distribution": system.get("id"), "ansible_distribution_version": system.get("version")},
        **{"ansible_kernel": facts.get("kernel"), "ansible_architecture": facts.get("arch")},
        **{f"faiss_fleet_{key}": value for key, value in facts.items()},
    }


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
    counts = [int(text) for text in sys.argv[1:]] or list(COUNTS)
    names = [name for name in FORMATS if name != "jsonl"]
    rows: dict[str, dict[int, list[float] | str]] = {name: {} for name in [*names, ALL, "ansible-cmdb"]}
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="faiss-fleet-bench-") as temporary:
            directory = write_fleet(Path(temporary), count)
            size = (directory / "records.jsonl").stat().st_size / 1e6
            print(f"{count:,} hosts, {directory.name}/records.jsonl {size:,.0f} MB", flush=True)
            for name in [*names, ALL]:
                rows[name][count] = measured(name, directory)
            rows["ansible-cmdb"][count] = cmdb(directory)
    for title, unit in (("seconds", 0), ("CPU seconds", 1), ("peak RSS, MiB", 2), ("written, MB", 3)):
        table(title, unit, rows, counts)
    for count, told in rows["ansible-cmdb"].items():
        if isinstance(told, str):
            print(f"\nansible-cmdb on {count:,} hosts: {told}")
    print(f"\nrun {RUN.id}; reading records.jsonl is part of each row.")


if __name__ == "__main__":
    main()
