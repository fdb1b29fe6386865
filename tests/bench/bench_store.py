# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How long the store takes and how much memory, by number of hosts:  python -m tests.bench.bench_store 1000 10000

Each step runs in a process of its own, whose peak memory is shown; on a busy machine CPU seconds tell more.
The records are made beforehand: two thousand by the generator, the rest are those again under other names.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.cli import operations
from faiss_fleet.records.journal import read_records
from faiss_fleet.store.diff import compare
from faiss_fleet.store.queries import Store
from tests.sample_records import RUN, write_fleet


def _exporting(name: str) -> Callable[[Store, Path], Any]:
    def step(store: Store, directory: Path) -> None:
        operations.export(store, name, RUN.id, directory, directory / f"out.{name}")

    return step


STEPS: dict[str, Callable[[Store, Path], Any]] = {
    "read records.jsonl alone": lambda store, directory: sum(1 for _ in read_records(directory / RUN.id)),
    "add to a new store": lambda store, directory: store.add_records(read_records(directory / RUN.id)),
    "add the same again": lambda store, directory: store.add_records(read_records(directory / RUN.id)),
    "runs": lambda store, directory: store.runs(),
    "one host's history": lambda store, directory: store.host_history("edge00001.fra.example.net"),
    "diff with itself": lambda store, directory: compare(
        "a", store.lines(RUN.id), "b", store.lines(RUN.id), store.last_good(RUN.id)
    ),
    "all records": lambda store, directory: sum(1 for _ in store.records(RUN.id)),
    **{f"export {name}": _exporting(name) for name in ("jsonl", "parquet", "junit", "sarif", "prometheus")},
}


def main() -> None:
    """Every step for every number; with --step, one step in this process."""
    if sys.argv[1:2] == ["--step"]:
        name, directory = sys.argv[2], Path(sys.argv[3])
        with Store.open(directory / "history.sqlite") as store:
            started, cpu = time.perf_counter(), time.process_time()
            STEPS[name](store, directory)
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  {name:<26} {seconds:8.2f} s  {cpu:8.2f} s CPU  {peak:6.0f} MiB")
        return
    for count in map(int, sys.argv[1:] or ["1000", "10000"]):
        with tempfile.TemporaryDirectory(prefix="faiss-fleet-bench-") as temporary:
            directory = Path(temporary)
            write_fleet(directory, count)
            size = (directory / RUN.id / "records.jsonl").stat().st_size / 1e6
            print(f"{count:,} hosts, records.jsonl {size:,.0f} MB", flush=True)
            for name in STEPS:
                subprocess.run([sys.executable, "-m", "tests.bench.bench_store", "--step", name, temporary], check=True)
            print(f"  history.sqlite {(directory / 'history.sqlite').stat().st_size / 1e6:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
