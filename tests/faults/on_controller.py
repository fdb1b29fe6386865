# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How the faults of the controller are injected: each has audits of its own, on a few hosts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faiss_fleet.store.queries import Store
from tests.faults import judge
from tests.faults.case import ANY_CAUSE, Case, Run
from tests.faults.fleet import EVERY_FORMAT, Done
from tests.faults.lying_index import PORT, LyingIndex
from tests.faults.on_kernel import clock_of_controller
from tests.faults.runner import say

# -- places on the controller


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def reports_refused(make: Callable[[Case, Path], contextlib.AbstractContextManager[None]]) -> Run:
    """Reports cannot be written: nothing is changed on any host."""

    def run(case: Case) -> None:
        case.begin()
        place = case.base / "elsewhere"
        before = {host: case.fleet.snapshot(host) for host in case.hosts}
        with make(case, place):
            done = case.fleet.run(case.hosts, environment={"FAISS_FLEET_REPORTS": str(place)})
        if done.status in (0, None) or str(place) not in done.output:
            case.wrong("status", f"exit status {done.status}: {done.output[-400:]}")
        if "Traceback" in done.output:
            case.wrong("status", f"a traceback: {done.output[-800:]}")
        if {host: case.fleet.snapshot(host) for host in case.hosts} != before:
            case.wrong("leftovers", "a host was changed although nothing can be recorded")

    return run


@contextlib.contextmanager
def a_file(case: Case, place: Path) -> Iterator[None]:
    place.write_text("in the way")
    yield
    place.unlink()


@contextlib.contextmanager
def a_read_only_mount(case: Case, place: Path) -> Iterator[None]:
    with mounted(place, "size=1m,ro"):
        yield


def full_reports(case: Case) -> None:
    """The records fit and the reports do not: the run says so and does not pass."""
    case.begin()
    place = case.base / "small"
    with mounted(place, "size=96k"):
        environment = {"FAISS_FLEET_REPORTS": str(place), "FAISS_FLEET_FORMATS": EVERY_FORMAT}
        done = case.fleet.run(case.hosts, environment=environment)
        if done.status in (0, None) or "Traceback" in done.output:
            case.wrong("status", f"exit status {done.status}: {done.output[-700:]}")
        if "room" not in done.output:
            case.wrong("status", f"it does not say to make room: {done.output[-400:]}")
        for host in case.hosts:
            for what in judge.configuration(case.fleet, host, case.expected(case.both())[host], {"state": "native"}):
                case.wrong("configuration", what)


def full_place(name: str) -> Run:
    """The controller's cache, or its temporary directory, has no room left."""

    def run(case: Case) -> None:
        case.begin()
        place = case.base / "small"
        options: dict[str, Any] = {"extra": {"faiss_install__cache": str(place)}}
        if name == "TMPDIR":
            options = {
                "environment": {"TMPDIR": str(place)},
                "extra": {"faiss_install__cache": str(case.base / "cold")},
            }
        with mounted(place, "size=4m"):
            case.audit(
                {case.converged: (("native", "failed"), (None, "disk_full")),
                 case.new: (("native", "failed"), (None, "disk_full"))},
                **options,
            )  # fmt: skip
        shutil.rmtree(case.base / "cold", ignore_errors=True)

    return run


def damaged_cache(pattern: str, change: Callable[[Path], object], states: Any = "native", causes: Any = None) -> Run:
    """A file of the cache was changed; the next audit that needs it fetches or makes it again."""

    def run(case: Case) -> None:
        case.begin()
        found = [path for path in sorted(case.fleet.controller.cache.glob(pattern)) if path.is_file()]
        if not found:
            case.wrong("injection", f"nothing in the cache is like {pattern}")
        for path in found:
            change(path)
        case.audit({case.converged: ("native", None), case.new: (states, causes)})

    return run


def flipped(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x40]))


def halved(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def text(value: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(value)


def newer(path: Path) -> None:
    """As a later version may write it: another layout, and nothing of what this one reads."""
    found = json.loads(path.read_text())
    if isinstance(found, dict):
        path.write_text(json.dumps({"schema": 99, "lock": {"layout": 99}, "kept": list(found)}))


def flipped_and_needed(path: Path) -> None:
    """A damaged wheel, which is needed: what was packed of it is gone."""
    flipped(path)
    for archive in path.parents[2].glob("archives/*.tar.gz"):
        archive.unlink()


# -- earlier runs and the store


def damaged_journal(line: bytes) -> Run:
    """An earlier run's records have such a line: later audits and report.yml go on."""

    def run(case: Case) -> None:
        done = case.fleet.run(case.hosts)
        assert done.run is not None
        with (done.run / "records.jsonl").open("ab") as file:
            file.write(line)
        again = case.fleet.run(case.hosts, book="report.yml", extra={"fleet_report__run": done.run.name})
        again.run = done.run
        names = [record["host"]["name"] for record in again.records]
        if again.status != 0 or sorted(names) != sorted(case.hosts) or "Traceback" in again.output:
            case.wrong("records", f"report.yml ends with {again.status}: {names}: {again.output[-500:]}")
        later = case.audit(case.both())
        with Store.open(later.reports / "history.sqlite") as store:
            if later.run and later.run.name not in [kept.id for kept in store.runs()]:
                case.wrong("records", "later runs stay out of the store")

    return run


def damaged_store(change: Callable[[Path], object]) -> Run:
    """The store of runs is a warning at most."""

    def run(case: Case) -> None:
        store = case.fleet.controller.reports / "history.sqlite"
        kept = case.base / "kept.sqlite"
        if not store.exists():
            case.fleet.run(case.hosts)
        shutil.copy2(store, kept)
        for beside in store.parent.glob("history.sqlite-*"):
            beside.unlink()
        change(store)
        expected = case.expected(case.both())
        done = case.fleet.run(case.hosts)
        wrong = [entry for entry in judge.judge(case.fleet, done, expected, (0,)) if "the store" not in entry[2]]
        for host, check, what in wrong:
            case.wrong(check, f"{host} {what}")
        if "store" not in done.output:
            case.wrong("status", "nothing is said of the store")
        for beside in store.parent.glob("history.sqlite*"):
            beside.unlink()
        shutil.move(kept, store)

    return run


def store_at(url: str, listen: str = "") -> Run:
    """A database that refuses, or takes the connection and says nothing."""

    def run(case: Case) -> None:
        program = (
            "import socket, time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
            "s.bind(('127.0.0.1', 5439))\ns.listen(9)\nprint('up', flush=True)\nkept = []\n"
            "while True:\n    kept.append(s.accept())\n"
        )
        silent = None
        if listen:
            argv = [*case.fleet.farm.prefix, "python3", "-c", program]
            silent = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
            assert silent.stdout
            silent.stdout.readline()
        try:
            done = case.audit(case.both(), environment={"FAISS_FLEET_STORE": url}, longest=150)
            if "store" not in done.output:
                case.wrong("status", "nothing is said of the store")
        finally:
            if silent:
                silent.kill()
                silent.wait()

    return run


def clock_jumps(case: Case) -> None:
    """The clock is set again and again; what is kept for a time is neither lost nor believed for ever."""
    case.begin()
    with clock_of_controller(case.base) as environment:
        case.audit(case.both(), environment=environment)


# -- other controllers, other indexes


def together(**second: Any) -> Run:
    """Two audits of the same hosts at the same moment; the second with these variables."""

    def run(case: Case) -> None:
        case.begin()
        fleet = case.fleet
        expected = case.expected(
            case.both(("native", "failed", "fallback") if second else ("native", "failed"), ANY_CAUSE)
        )
        reports = case.base / "second"
        inventory = fleet.inventory(case.hosts, {}).rename(case.base / "second.json")
        other = fleet.command("audit.yml", inventory, (), second)
        env = fleet.controller.environment(FAISS_FLEET_REPORTS=str(reports))
        env["PATH"] = os.path.dirname(sys.executable) + os.pathsep + env.get("PATH", os.defpath)
        beside = subprocess.Popen(
            [*fleet.farm.prefix, *other], cwd=Path(__file__).resolve().parents[2], env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        done = fleet.run(case.hosts)
        output, _ = beside.communicate(timeout=300)
        runs = [path for path in reports.iterdir() if path.is_dir() and not path.is_symlink()]
        two = Done(beside.returncode, output, 0, reports, tuple(case.hosts), runs[0] if runs else None, runs)
        for one in (done, two):
            for host, check, what in judge.judge(fleet, one, expected, (0, 2)):
                # With two policies the last word is that of either.
                if not second or "its configuration says js" not in what:
                    case.wrong(check, f"{host} {what}")
        shutil.rmtree(reports, ignore_errors=True)

    return run


def one_machine_twice(case: Case) -> None:
    """The same host under two names in one inventory: one configuration, both in the records."""
    case.begin()
    fleet = case.fleet
    address = fleet.farm.hosts[case.new].address
    path = fleet.inventory([case.new], {})
    content = json.loads(path.read_text())
    content["all"]["hosts"]["its-other-name"] = {"ansible_host": address}
    path.write_text(json.dumps(content))
    expected = case.expected({case.new: (("native", "failed"), ANY_CAUSE)})
    done = fleet.run_inventory((case.new, "its-other-name"), path)
    names = sorted(record["host"]["name"] for record in done.records)
    if names != sorted([case.new, "its-other-name"]):
        case.wrong("records", f"{names}: {done.output[-400:]}")
    if "same_machine_as" not in str(done.records):
        case.wrong("records", "nothing says that it is one machine")
    record = done.records[0] if done.records else {}
    for what in judge.configuration(fleet, case.new, expected[case.new], record):
        case.wrong("configuration", what)


def index(how: str, states: Any = "failed", causes: Any = ANY_CAUSE) -> Run:
    """A new host wants wheels of an index that lies or is not there; the host that is configured stays as it is."""

    def run(case: Case) -> None:
        case.begin()
        cold = case.base / "cold"
        shutil.rmtree(cold, ignore_errors=True)
        environment = {
            "PIP_INDEX_URL": f"http://127.0.0.1:{PORT}/{how}/simple" if how else "http://127.0.0.1:9/simple",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DEFAULT_TIMEOUT": "5",
            "PIP_RETRIES": "0",
        }
        extra = {
            "faiss_install__wheelhouse": "",
            "faiss_install__cache": str(cold),
            "faiss_install__attempt_timeout": 25,
            "faiss_install__wheel_version": "1.9.0.post1",
        }
        with LyingIndex(case.fleet.controller.wheels, case.fleet.farm.prefix):
            done = case.audit(
                {case.converged: ("native", None), case.new: (states, causes)},
                environment=environment, extra=extra,
            )  # fmt: skip
        say(f"    index {how}: {[(r['state'], r['cause'], r['because'][:160]) for r in done.records]}")
        if case.fleet.path(case.new, "/etc/faiss-fleet/backend.json").exists() and "failed" in str(states):
            case.wrong("configuration", "a fault of the controller configured the host")
        shutil.rmtree(cold, ignore_errors=True)

    return run


def altered_wheel(sums: str) -> Run:
    """A wheel of the wheelhouse was altered, and SHA256SUMS beside it says nothing of it."""

    def run(case: Case) -> None:
        case.begin()
        house = case.base / "house"
        shutil.copytree(case.fleet.controller.wheels, house)
        (numpy,) = house.glob("numpy-*cp313*")
        with numpy.open("r+b") as file:
            file.seek(numpy.stat().st_size // 2)
            file.write(b"altered")
        (house / "SHA256SUMS").write_text(sums)
        before = {host: case.fleet.snapshot(host) for host in case.hosts}
        extra = {"faiss_install__wheelhouse": str(house), "faiss_install__cache": str(case.base / "cold")}
        done = case.fleet.run(case.hosts, extra=extra)
        if done.status != 2 or "SHA256SUMS" not in done.output:
            case.wrong("status", f"exit status {done.status}: {done.output[-500:]}")
        if {host: case.fleet.snapshot(host) for host in case.hosts} != before:
            case.wrong("leftovers", "a host was changed")
        shutil.rmtree(house)
        shutil.rmtree(case.base / "cold", ignore_errors=True)

    return run
