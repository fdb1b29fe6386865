# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How the controller is ended in the middle of an audit."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.faults import judge
from tests.faults.case import ANY, ANY_CAUSE, Case, Run
from tests.faults.judge import Expected

# What a controller that was killed in the middle leaves on a host until the next run, or for a day.
OF_KILLED = ("/root/.ansible/tmp", "/tmp", "/opt/faiss-fleet", "/etc/faiss-fleet")


def _moment(case: Case) -> float:
    return case.random.uniform(0.5, max(2.0, case.seconds * 0.95))


def killed(case: Case) -> None:
    """SIGKILL at a random moment: of everything, or (every other time) of the first process alone."""
    case.begin()
    whole = case.random.random() < 0.5
    moment = _moment(case)
    expected = case.expected(case.both(ANY, None))
    before = {host: wanted.configuration for host, wanted in expected.items()}

    def kill(process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
            return
        (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)

    done = case.fleet.run(case.hosts, during=kill)
    for host in case.hosts:
        wanted = Expected(ANY, (), (), before[host], None)
        for what in judge.configuration(case.fleet, host, wanted, {}):
            case.wrong("configuration", f"{host} after a kill at {moment:.1f} s: {what}")
    _all_gone(case, 30)
    if done.run:
        again = case.fleet.run(case.hosts, book="report.yml", extra={"fleet_report__run": done.run.name})
        again.run = done.run
        names = sorted(record["host"]["name"] for record in again.records)
        if names != sorted(case.hosts) or again.status != 0:
            case.wrong("records", f"after a kill at {moment:.1f} s and report.yml ({again.status}): {names}")
        for what in judge.output(case.fleet, again):
            case.wrong("output", what)
    for host in case.hosts:
        _old(case, host)
    case.afterwards = lambda: _swept(case)


def _all_gone(case: Case, seconds: float) -> None:
    """Workers of a controller that was killed end by themselves."""
    mark = str(case.base)
    deadline = time.monotonic() + seconds
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                line = (path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                # ssh's own master connection ends by itself (ControlPersist).
                if f"HOME={mark}".encode() in path.read_bytes() and not line.startswith("ssh"):
                    found.append(line[:200])
            except OSError:
                continue
        found += [line for host in case.hosts for line in case.fleet.processes(host)]
        if not found:
            return
        if time.monotonic() > deadline:
            case.wrong("leftovers", f"still at work {seconds:.0f} s later: {found[:3]}")
            return
        time.sleep(0.2)


def _old(case: Case, host: str) -> None:
    """What the killed run left is two days old by now."""
    then = time.time() - 2 * 86400
    for place in ("/tmp", "/opt/faiss-fleet"):
        top = case.fleet.path(host, place)
        for path in [*top.glob("faiss-fleet-*"), *top.glob("*/*.partial*")]:
            for directory, names, files in os.walk(path):
                for name in [*names, *files]:
                    with contextlib.suppress(OSError):
                        os.utime(os.path.join(directory, name), (then, then), follow_symlinks=False)
            os.utime(path, (then, then))
    shutil.rmtree(case.fleet.path(host, "/root/.ansible/tmp"), ignore_errors=True)  # Ansible's own
    for path in case.fleet.controller.tmp.iterdir():
        case.result.notes.append(
            f"a killed controller leaves {path.name.rstrip('0123456789abcdefghijklmnopqrstuvwxyz_')}"
        )
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    shutil.rmtree(case.fleet.controller.home / ".ansible/tmp", ignore_errors=True)


def _swept(case: Case) -> None:
    for host in case.hosts:
        left = [path.name for path in case.fleet.path(host, "/tmp").glob("faiss-fleet-*")]
        if left:
            case.wrong("leftovers", f"{host}: {left} of a killed run is older than a day and stays")


def signalled(*numbers: signal.Signals, group: bool = False, pause: float = 0.4) -> Run:
    """These signals one after the other, in the middle of an audit; reports have every host without report.yml."""

    def run(case: Case) -> None:
        case.begin()
        states = case.both(ANY, ANY_CAUSE)
        moment = _moment(case)

        def send(process: subprocess.Popen[bytes]) -> None:
            reports = case.fleet.controller.reports
            before = set(reports.glob("*/run.json"))
            # Once hosts are being audited: before, there is nothing to report.
            while process.poll() is None and not set(reports.glob("*/run.json")) - before:
                time.sleep(0.02)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment / 3)
                return
            for number in numbers:
                with contextlib.suppress(ProcessLookupError):
                    (os.killpg if group else os.kill)(process.pid, number)
                time.sleep(pause)

        expected = case.expected(states, OF_KILLED)
        done = case.fleet.run(case.hosts, during=send, longest=90)
        names = [record["host"]["name"] for record in done.records]
        if sorted(names) != sorted(case.hosts):
            case.wrong("records", f"not every host once: {names}; status {done.status}: {done.output[-500:]}")
        if done.status is None or (done.status == 0 and "interrupted" in str(done.records)):
            case.wrong("status", f"exit status {done.status}")
        if "Traceback" in done.output:
            case.wrong("status", f"a traceback: {done.output[done.output.index('Traceback') :][:500]}")
        if done.run and not (done.run / "index.html").exists():
            case.wrong("records", "there is no index.html")
        for what in judge.output(case.fleet, done):
            case.wrong("output", what)
        for host, wanted in expected.items():
            for what in judge.configuration(case.fleet, host, wanted, {}):
                case.wrong("configuration", f"{host}: {what}")
        _all_gone(case, 15)
        for host in case.hosts:
            _old(case, host)

    return run
