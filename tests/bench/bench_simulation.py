#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the controller's own work costs on fleets of any size, from recorded answers of hosts: no network, no Ansible.

    tests/bench/bench_simulation.py [--hosts 1000 10000 100000] [--slices 4] [--profile PATH]

Each slice is a process that does for each of its hosts what a batch does: builds the questions and the payload, reads
the answer, plans, tries, decides, and writes the record. The coordinator of `faiss-fleet run --slices` gathers the
records, then the reports are written and the store takes the run in. What is left out is Ansible's work and ssh:
bench_fleet.py.
The answers are in tests/fixtures/answers.jsonl; record_answers.py makes them. The wheel of each kind of host is taken
from the controller's cache; where that is empty, the first host of a kind has it resolved and packed, as in an audit.

For each size it prints processor seconds, milliseconds per host and peak memory. Nothing is judged.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from faiss_fleet.cli.slices.coordinator import Coordinator
from faiss_fleet.cli.slices.job import Ended, Job, Send
from faiss_fleet.cli.slices.split import split
from faiss_fleet.fleet import one_call, payload
from faiss_fleet.fleet.answered_host import HandOver
from faiss_fleet.fleet.host_options import ROLES
from faiss_fleet.records.build import Run
from faiss_fleet.records.follow import Follower
from faiss_fleet.reports.recorder import Recorder
from faiss_fleet.run_id import timestamp
from faiss_fleet.store.history import STORE, Earlier
from faiss_fleet.store.intake import take_in
from faiss_fleet.store.queries import Store
from tests.bench.record_answers import default_options

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "tests/fixtures/answers.jsonl"
RUN = Run("20261122T101112Z-5a3f1e", "2026-11-22T10:11:12Z", "control01.example.net", "0.1.0", False, ("prod",))
MACHINE = "0123456789abcdef" * 2
AGAIN = "Record them again: tests/bench/record_answers.py > tests/fixtures/answers.jsonl"
SENT_EVERY = 20  # hosts between two looks at what was recorded, as events of ansible-runner come


def own_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Answers:
    """What hosts say: each of the recorded ones in turn, as a machine of its own."""

    def __init__(self) -> None:
        self._texts = []
        for line in ANSWERS.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)["answer"]
            answer["facts"]["machine"] = MACHINE  # stand-ins have none
            self._texts.append(json.dumps(answer))

    def of(self, number: int) -> str:
        """The text of one host's answer."""
        return self._texts[number % len(self._texts)].replace(MACHINE, f"{number:032x}")


def slice_of(job: Job, send: Send) -> dict[str, Any]:
    """Does a slice's work. Returns its seconds by part, and its peak memory."""
    answers, options = Answers(), default_options()
    spent = {"ask and decide": 0.0, "record": 0.0, "send": 0.0}
    last = own_seconds()

    def add(part: str) -> None:
        nonlocal last
        now = own_seconds()
        spent[part] += now - last
        last = now

    with tempfile.TemporaryDirectory(prefix="ff-slice-") as place:
        recorder = Recorder(Path(place), RUN, lambda _host: (), print, reports.Output.of([], ""))
        recorder.due({name: [] for name in job.hosts})
        recorder.start()
        follower = Follower(Path(place) / RUN.id)
        decided = {}
        for position, name in enumerate(job.hosts, 1):
            _text, mark = payload.text(one_call.questions(options, check_mode=False, facts_only=False))
            said = f"\n{mark}{answers.of(int(name[4:]))}\n"
            last = own_seconds()  # the host's part
            answer = payload.answer(said, mark)
            assert answer is not None
            try:
                done = one_call.conclude(answer, options, check_mode=False)
            except HandOver as exc:
                raise SystemExit(f"{exc}: the answers are of another release. {AGAIN}") from exc
            add("ask and decide")
            for stage, result in zip(ROLES, (done.facts, done.install, done.backend), strict=True):
                recorder.ok(name, stage, result)
            assert recorder.written(name)
            decided[name] = done.backend["decision"]
            add("record")
            if position % SENT_EVERY == 0:
                for record in follower.new():
                    send({"record": record, "logs": {}})
                add("send")
        recorder.recorded_elsewhere(decided)
        recorder.finish()
        add("record")
        for record in follower.new():
            send({"record": record, "logs": {}})
        add("send")
    return {"spent": spent, "seconds": own_seconds(), "mib": peak_mib()}


def be_slice(profile: str) -> int:
    """Be the process of one slice: the job on standard input, lines of JSON on standard output."""
    job = Job(**json.loads(sys.stdin.readline()))
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    ended = slice_of(job, lambda message: print(json.dumps(message)))
    if profiler:
        profiler.disable()
        profiler.dump_stats(f"{profile}.slice{job.number}")
    print(json.dumps({"ended": 0, "tail": json.dumps(ended)}))
    return 0


class Processes:
    """Slices as processes of this machine, like those of `faiss-fleet run`."""

    def __init__(self, width: int, profile: str) -> None:
        self._pool, self._profile = ThreadPoolExecutor(width), profile
        self.ended: list[dict[str, Any]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pool.shutdown()

    def stop(self) -> None:
        """Nothing: a simulation is run to its end."""

    def submit(self, job: Job, send: Send) -> Future[Ended]:
        return self._pool.submit(self._run, job, send)

    def _run(self, job: Job, send: Send) -> Ended:
        argv = [sys.executable, str(Path(__file__).resolve()), "--as-slice", "--profile", self._profile]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(job.line())
            process.stdin.close()
            for message in map(json.loads, process.stdout):
                if "record" not in message:
                    self.ended.append(json.loads(message["tail"]))
                    return Ended(0, "")
                send(message)
        raise SystemExit(f"slice {job.number} ended without a result")


def simulate(hosts: int, slices: int, profile: str) -> dict[str, Any]:
    """Runs one fleet. Returns seconds by part and peak memory of slices and coordinator."""
    spent: dict[str, float] = {}

    def parts() -> Iterator[None]:
        last = own_seconds()
        for part in ("gather", "reports", "store"):
            yield
            now = own_seconds()
            spent[part], last = now - last, now

    names = {f"host{number:06}": [f"site{number % 7}"] for number in range(hosts)}
    with tempfile.TemporaryDirectory(prefix="ff-simulation-") as place:
        base, each = Path(place), parts()
        next(each)
        jobs = [Job(number, RUN.id, tuple(part), (), {}) for number, part in enumerate(split(names, {}, slices), 1)]
        with Processes(len(jobs), profile) as executor:
            status = Coordinator(base, RUN, names).audit(jobs, executor)
        next(each)
        with Store.open(str(base / STORE)) as store:
            summary, _files = reports.render(base / RUN.id, latest=True, earlier=Earlier.of(store, RUN.id))
            next(each)
            taken = take_in(store, base)
        next(each, None)
    if status or summary.states["native"] != hosts or taken != {RUN.id: hosts}:
        raise SystemExit(f"{hosts} hosts came to status {status}, {summary.states}, {taken} in the store")
    for ended in executor.ended:
        for part, seconds in ended["spent"].items():
            spent[part] = spent.get(part, 0.0) + seconds
    spent["start of the slices"] = sum(ended["seconds"] - sum(ended["spent"].values()) for ended in executor.ended)
    return {"spent": spent, "slice_mib": max(ended["mib"] for ended in executor.ended), "mib": peak_mib()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulates audits of fleets where nothing has changed.")
    parser.add_argument("--hosts", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--profile", default="", help="start of the paths of cProfile files, one for each slice")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--as-slice", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_slice:
        return be_slice(options.profile)
    if options.one:
        print(json.dumps(simulate(options.hosts[0], options.slices, options.profile)))
        return 0
    print(f"{options.slices} slices, Python {sys.version.split()[0]}, {timestamp()}")
    for hosts in options.hosts:
        # A process of its own, so that its peak memory is of this size alone.
        argv = [sys.executable, str(Path(__file__).resolve()), "--one", "--hosts", str(hosts)]
        argv += ["--slices", str(options.slices), "--profile", options.profile]
        started = time.monotonic()
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
        found, wall = json.loads(done.stdout), time.monotonic() - started
        total = sum(found["spent"].values())
        each = total / hosts * 1000
        print(f"{hosts} hosts: {total:.1f} core-seconds, {each:.2f} ms a host, {wall:.0f} s on the clock")
        print("  " + ", ".join(f"{part} {s / hosts * 1000:.2f} ms" for part, s in found["spent"].items()))
        print(f"  peak memory: a slice {found['slice_mib']:.0f} MiB, the coordinator {found['mib']:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
