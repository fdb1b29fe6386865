# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Rules of attempts on a host by SSH: limits, cached failures, blocked candidates, policies, two controllers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from images.standins import cache
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = {"n": 2000, "d": 32, "k": 5, "queries": 40}
PREFIXES = "/opt/faiss-fleet"
MEMO = ".tried.json"
RELAY = 2222
WHEELS = (
    ("3.13", "manylinux_2_28_x86_64", ("faiss-cpu==1.15.1", "numpy==2.2.6")),
    ("3.13", "manylinux2014_x86_64", ("faiss-cpu==1.9.0.post1", "numpy==2.2.6")),
    ("3.8", "manylinux2014_x86_64", ("faiss-cpu==1.8.0.post1", "numpy==1.24.4")),
    ("3.8", "manylinux2014_x86_64", ("faiss-cpu==1.7.4", "numpy==1.24.4")),
)


class Fleet:
    """A stand-in with glibc 2.17. The controller has wheels in a directory: the farm's network leads nowhere else."""

    def __init__(self, farm: Farm, directory: Path, wheelhouse: Path, name: str = "old") -> None:
        self.farm, self.directory, self.wheelhouse, self.name = farm, directory, wheelhouse, name

    def playbook(self, book: str, reports: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        values = {
            "faiss_install__strategies": ["wheel"],
            "faiss_install__wheelhouse": str(self.wheelhouse),
            "faiss_install__cache": str(self.wheelhouse.parent / "cache"),
            "faiss_install__measure_fallback": False,
            "faiss_install__search_test": {"workload": WORKLOAD},
            **variables,
        }
        environment = {**os.environ, "FAISS_FLEET_REPORTS": str(reports), "ANSIBLE_NOCOLOR": "1"}
        argv = ["ansible-playbook", book, "-i", str(self.farm.inventory), "-l", self.name, "-e", json.dumps(values)]
        return self.farm.run([*argv, *arguments], cwd=ROOT, env=environment, timeout=600)

    def audit(self, *arguments: str, **variables: Any) -> dict[str, Any]:
        """The record of one run, which has to end well."""
        done = self.playbook("audit.yml", self.directory, *arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (self.directory / "latest").exists(), done.stdout + done.stderr
        return self.record(self.directory)

    def path(self, path: str) -> Path:
        return self.farm.path(self.name, path)

    @staticmethod
    def record(reports: Path) -> dict[str, Any]:
        record: dict[str, Any] = json.loads((reports / "latest" / "records.jsonl").read_text())
        return {**record, "changed": record["setting"]["changed"] or any(a["changed"] for a in record["attempts"])}

    def names(self) -> list[str]:
        """What lies where wheels are put, locks, marks and cached failures apart."""
        return sorted(name for name in self._files() if not name.endswith(MEMO))

    def remembered(self) -> list[str]:
        """Digests of which the host has a cached result."""
        return sorted(name.partition(".")[0] for name in self._files() if name.endswith(MEMO))

    def _files(self) -> list[str]:
        directory = self.path(f"{PREFIXES}/wheel")
        found = directory.iterdir() if directory.is_dir() else ()
        return [path.name for path in found if not path.name.startswith(".")]


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the test's own with the wheels, which the cache keeps by what was asked for."""
    key = hashlib.sha256(repr(WHEELS).encode()).hexdigest()[:16]
    kept = cache.directory("attempts") / key
    with cache.lock(f"attempts-{key}"):
        if not kept.exists():
            partial = cache.directory("work") / f"attempts-{key}"
            shutil.rmtree(partial, ignore_errors=True)
            for python, platform, wanted in WHEELS:
                argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--dest={partial}"]
                argv += [f"--python-version={python}", f"--platform={platform}", "--platform=manylinux2014_x86_64"]
                done = subprocess.run([*argv, *wanted], capture_output=True, text=True, timeout=300)
                assert done.returncode == 0, done.stdout + done.stderr
            partial.rename(kept)
    directory = tmp_path_factory.mktemp("attempts") / "wheelhouse"
    shutil.copytree(kept, directory)
    return directory


@pytest.fixture(scope="module")
def started() -> Iterator[Farm]:
    with Farm({"old": "centos7-py313", "older": "centos7-py38"}) as farm:
        yield farm


def found_again(fleet: Fleet) -> None:
    """Leaves the host as it was found, and proves it."""
    done = fleet.playbook("rollback.yml", fleet.directory, vector_backend__rollback_to="found")
    assert done.returncode == 0, done.stdout
    assert not fleet.path(PREFIXES).exists() and not fleet.path("/etc/faiss-fleet").exists()


@pytest.fixture
def fleet(started: Farm, tmp_path: Path, wheelhouse: Path) -> Iterator[Fleet]:
    """Python 3.13: 1.15.1 is blocked there by its symbol versions, 1.9.0.post1 is possible."""
    found = Fleet(started, tmp_path, wheelhouse)
    yield found
    found_again(found)


@pytest.fixture
def older(started: Farm, tmp_path: Path, wheelhouse: Path) -> Iterator[Fleet]:
    """Python 3.8: two releases are possible."""
    found = Fleet(started, tmp_path, wheelhouse, "older")
    yield found
    found_again(found)


@pytest.mark.slow
def test_a_blocked_release_is_proven_blocked_once_and_remembered_by_the_host(fleet: Fleet) -> None:
    first = fleet.audit(faiss_install__try_blocked=True)
    tried = first["attempts"][0]
    assert next(one for one in first["plan"] if one["id"] == tried["candidate"])["verdict"] == "blocked"
    assert (tried["ok"], tried.get("prediction")) == (False, "confirmed"), tried and tried["bytes_shipped"] > 1_000_000
    assert first["state"] == "native" and "prediction" not in first["attempts"][-1]
    log = (fleet.directory / "latest" / tried["log_file"]).read_text()
    assert tried["log_file"].startswith("logs/old/01-wheel") and "GLIBC" in log
    assert fleet.names() == [first["attempts"][-1]["artefact"]["digest"]]
    assert fleet.remembered() == [tried["artefact"]["digest"]]

    # Another controller: nothing but the host tells it.
    second = fleet.audit(faiss_install__try_blocked=True)
    assert not second["changed"]
    again = second["attempts"][0]
    assert again["candidate"] == tried["candidate"] and again["cause"] == tried["cause"]
    assert again["failed_before"] and f"failed here on {again['failed_before']}" in again["message"]
    assert [test["candidate"] for test in second["verification"]] == [second["decision"]["candidate"]]

    forced = fleet.audit(faiss_install__try_blocked=True, faiss_install__retry=True)
    assert forced["attempts"][0].get("failed_before") is None and forced["attempts"][0]["bytes_shipped"] > 1_000_000


def digest_of(attempt: dict[str, Any]) -> str:
    return str(attempt["artefact"]["digest"])


@pytest.mark.slow
def test_with_fastest_what_lost_goes_is_remembered_and_is_tried_again_when_the_winner_is_no_more(older: Fleet) -> None:
    wide = {"faiss_install__policy": "fastest", "vector_backend__margin_percent": 99}
    first = older.audit(**wide)
    possible = [one["id"] for one in first["plan"] if one["verdict"] == "possible"]
    assert [test["candidate"] for test in first["verification"] if test["ok"]] == possible and len(possible) >= 2
    assert first["decision"]["candidate"] == possible[0]
    winner, *losers = first["attempts"]
    assert all(loser["removed"] and "is removed." in loser["message"] for loser in losers)
    assert older.names() == [digest_of(winner)] and older.remembered() == sorted(map(digest_of, losers))

    # Another controller: nothing but the host tells it.
    again = older.audit(**wide)
    assert not again["changed"] and again["decision"]["candidate"] == possible[0]
    assert [test["candidate"] for test in again["verification"]] == possible[:1]
    for attempt in again["attempts"][1:]:
        assert attempt["lost_before"] and attempt["ok"] is None and not attempt.get("bytes_shipped")
        assert "it passed here on" in attempt["message"]
        assert f"{possible[0]} was selected with p95" in attempt["message"]
    assert older.names() == [digest_of(winner)]
    foreseen = older.audit("--check", **wide)
    assert not foreseen["changed"] and foreseen["decision"]["candidate"] == possible[0]

    # What won is gone and takes too much room now: those that lost to it have their turn, without being told to.
    prefix = older.path(f"{PREFIXES}/wheel/{digest_of(winner)}")
    size = json.loads((prefix / "manifest.json").read_text())["unpacked_bytes"]
    shutil.rmtree(prefix)
    other = older.audit(**wide, faiss_install__max_size_mb=size // 1_000_000)
    # What is set is looked at as it is there, too, and is not there.
    causes = ["too_large", "not_installed", *[None] * len(losers)]
    assert [attempt["cause"] for attempt in other["attempts"]] == causes
    assert other["decision"]["candidate"] == losers[0]["candidate"]
    assert other["attempts"][2]["bytes_shipped"] > 1_000_000
    assert digest_of(losers[0]) in older.names() and digest_of(losers[0]) not in older.remembered()


@pytest.mark.slow
def test_with_fastest_figures_decide_without_a_margin_and_what_is_set_or_kept_stays(older: Fleet) -> None:
    kept = older.audit(faiss_install__policy="fastest", vector_backend__margin_percent=99, faiss_install__keep=True)
    both = sorted(map(digest_of, kept["attempts"]))
    assert older.names() == both and older.remembered() == []

    exact = older.audit(faiss_install__policy="fastest", vector_backend__margin_percent=0)
    times = {test["candidate"]: test["loader"]["p95_ms"] for test in exact["verification"]}
    best = min(times, key=lambda name: times[name])
    assert len(times) == 2 and exact["decision"]["candidate"] == best
    setting = json.loads(older.path("/etc/faiss-fleet/backend.json").read_text())
    assert setting["runtime"]["prefix"].endswith(tuple(older.names()))
    # What was set by the first run is what a rollback goes back to.
    before = digest_of(kept["attempts"][0])
    assert before in older.names()
    assert set(older.names()) == {before, *(digest_of(one) for one in exact["attempts"] if one["candidate"] == best)}


@pytest.mark.slow
def test_what_is_too_large_is_not_shipped(fleet: Fleet) -> None:
    record = fleet.audit(faiss_install__max_size_mb=1)
    assert {attempt["cause"] for attempt in record["attempts"]} == {"too_large"}
    assert (record["state"], record["cause"]) == ("fallback", "too_large") and fleet.names() == []


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """As if another controller, which hangs, worked on this prefix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        handle.write("user someone, from another controller\n")
        handle.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    path.unlink()


@pytest.mark.slow
def test_a_host_that_hangs_ends_the_attempt_and_not_the_audit(older: Fleet) -> None:
    digest = older.audit()["attempts"][0]["artefact"]["digest"]
    found_again(older)
    lock = older.path(f"{PREFIXES}/wheel/.{digest}.lock")
    started = time.monotonic()
    with held(lock):
        for directory in (PREFIXES, f"{PREFIXES}/wheel"):
            (older.path(directory) / ".made-by-faiss-fleet").touch()
        record = older.audit(faiss_install__attempt_timeout=25)
    assert time.monotonic() - started < 150
    assert record["attempts"][0]["cause"] == "timeout" and digest not in older.names()
    assert record["state"] == "native", record["attempts"]
    assert record["decision"]["candidate"] == record["attempts"][1]["candidate"]


@contextlib.contextmanager
def stalling(fleet: Fleet, after: int) -> Iterator[subprocess.Popen[str]]:
    """In front of the host's sshd: a line that goes dead once it has carried so many bytes there."""
    address = fleet.farm.hosts[fleet.name].address
    relay = [sys.executable, str(ROOT / "tests/stalling_relay.py"), address, str(RELAY), "22", str(after)]
    with subprocess.Popen([*fleet.farm.prefix, *relay], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


def holding(directory: Path) -> list[str]:
    """Command lines of the controller's processes that hold SSH connections with sockets in this directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if str(directory) in line and line.startswith(("ssh", "sftp"))]


@pytest.mark.slow
def test_a_transfer_that_hangs_ends_the_attempt_the_next_one_is_made_and_nothing_is_left(older: Fleet) -> None:
    address = older.farm.hosts[older.name].address
    sockets = older.farm.directory / "line"
    sockets.mkdir(mode=0o700)
    line = {
        "ansible_port": RELAY,
        "ansible_ssh_extra_args": f"-o HostKeyAlias={address}",
        "ansible_control_path_dir": str(sockets),
    }
    with stalling(older, after=3_000_000) as relay:
        started = time.monotonic()
        record = older.audit(**line, faiss_install__attempt_timeout=25)
        assert time.monotonic() - started < 150
        assert relay.stdout and relay.stdout.readline() == "stalled\n"
        assert record["state"] == "native", record["attempts"]
        hung, made = record["attempts"]
        assert (hung["cause"], hung["changed"]) == ("timeout", False)
        assert "installed" in hung["message"] and "faiss_install__attempt_timeout" in hung["message"]
        assert (made["ok"], record["decision"]["candidate"]) == (True, made["candidate"])
        # The dead line is noticed and given up, with the process that held it.
        deadline = time.monotonic() + 75
        while holding(sockets) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert holding(sockets) == []
    assert older.names() == [digest_of(made)]
    assert list(older.path("/root/.ansible/tmp").iterdir()) == []


def _contents(prefix: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in sorted(prefix.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.slow
def test_a_damaged_prefix_is_repaired_by_the_next_audit(fleet: Fleet) -> None:
    """A file that is gone is noticed by the facts; one that was flipped and looks the same, by the search test."""
    fleet.audit()
    (digest,) = fleet.names()
    prefix = fleet.path(f"{PREFIXES}/wheel/{digest}")
    whole = _contents(prefix)

    library = next(prefix.rglob("_multiarray_umath*.so"))
    before = library.stat()
    library.write_bytes(b"\0\0\0\0" + library.read_bytes()[4:])
    os.utime(library, ns=(before.st_atime_ns, before.st_mtime_ns))
    flipped = fleet.audit()
    assert (flipped["state"], flipped["attempts"][0]["changed"]) == ("native", True), flipped["attempts"]
    assert flipped["attempts"][0]["message"] == "It was damaged, and was installed again."
    assert _contents(prefix) == whole

    next(prefix.rglob("numpy/__init__.py")).unlink()
    deleted = fleet.audit()
    assert (deleted["state"], deleted["attempts"][0]["changed"]) == ("native", True), deleted["attempts"]
    (seen,) = deleted["facts"]["prefixes"]
    assert not seen["complete"] and "numpy/__init__.py" in seen["reason"]
    assert _contents(prefix) == whole
    assert fleet.names() == [digest] and fleet.remembered() == []


@pytest.mark.slow
def test_a_prefix_that_a_process_uses_outlives_a_rollback(fleet: Fleet) -> None:
    record = fleet.audit()
    (digest,) = fleet.names()
    inside = fleet.path(f"{PREFIXES}/wheel/{digest}/manifest.json")
    assert record["state"] == "native"
    # From within the host's own root, as its application would.
    host = fleet.farm.hosts[fleet.name]
    line = f"exec 9< {PREFIXES}/wheel/{digest}/manifest.json; echo up; sleep 100"
    enter = ["nsenter", f"--target={fleet.farm._pid}", "--mount", "--pid", "--"]
    process = subprocess.Popen(
        [*enter, "chroot", str(host.root), "/bin/sh", "-c", line], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout and process.stdout.readline() == "up\n"
        done = fleet.playbook("rollback.yml", fleet.directory)
        assert "is in use by" in done.stdout and done.returncode == 0, done.stdout
        assert inside.exists() and not fleet.path("/etc/faiss-fleet/backend.json").exists()
    finally:
        subprocess.run(["pkill", "-P", str(process.pid)], check=False)
        process.kill()
        process.wait()


@pytest.mark.slow
def test_two_controllers_at_once_leave_one_whole_installation_and_two_whole_records(fleet: Fleet) -> None:
    controllers = [fleet.directory / name for name in ("one", "two")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(fleet.playbook, "audit.yml", reports) for reports in controllers]
    assert [run.result().returncode for run in runs] == [0, 0], [run.result().stdout for run in runs]
    records = [fleet.record(reports) for reports in controllers]
    assert {record["state"] for record in records} == {"native"}
    # One unpacked; the other waited for it, and found it in place.
    assert sorted(attempt["changed"] for record in records for attempt in record["attempts"]) == [False, True]
    assert len(fleet.names()) == 1
    setting = json.loads(fleet.path("/etc/faiss-fleet/backend.json").read_text())
    assert {record["decision"]["candidate"] for record in records} == {setting["candidate"]}
    assert fleet.audit()["changed"] is False


@pytest.mark.slow
def test_a_controller_that_does_not_get_the_lock_says_who_has_it(fleet: Fleet) -> None:
    directory = fleet.path("/etc/faiss-fleet")
    with held(directory / ".backend.json.lock"):
        done = fleet.playbook("audit.yml", fleet.directory, vector_backend__lock_timeout=1)
    directory.rmdir()
    assert done.returncode == 2 and "user someone, from another controller" in done.stdout
    record = json.loads((fleet.directory / "latest" / "records.jsonl").read_text())
    assert record["state"] == "failed" and "another controller" in record["errors"][-1]["message"]
