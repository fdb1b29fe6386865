# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The real solver and installer on small channels: who gets what, what is refused, and what a failure leaves behind."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Options
from faiss_fleet.strategies.conda import solver as conda_solver
from faiss_fleet.strategies.conda import strategy as conda
from tests import conda_channel
from tests.conda_channel import PLACEHOLDER, Package

ROOT = Path(__file__).resolve().parents[2]
WHERE = f"#!{PLACEHOLDER}/bin/python\n".encode()
BINARY = b"\x7fELF\0\1" + PLACEHOLDER.encode() + b"/lib\0tail"
PYTHON = Package(
    "python",
    "3.13.2",
    ("__glibc >=2.17,<3.0.a0",),
    {"bin/python3.13": b"x", "bin/python": "python3.13", "bin/where": WHERE, "lib/where.so": BINARY},
)
PURE = Package("pure", "1.0", ("python >=3",), {"site-packages/pure.py": b"pass\n"}, "noarch", "pyh_0", "python")
OLD = Package("faiss-cpu", "1.9.0", ("python", "pure", "__glibc >=2.17,<3.0.a0"), {"lib/libfaiss.so": b"\x7fELF old"})
NEW = Package("faiss-cpu", "1.15.1", ("python", "pure", "__glibc >=2.28,<3.0.a0"), {"lib/libfaiss.so": b"\x7fELF new"})
V4 = Package("faiss-cpu", "2.0.0", ("python", "__archspec 1 x86_64_v4"), {"lib/libfaiss.so": b"\x7fELF v4"})


def facts(glibc: str, isa: str = "x86-64-v3", arch: str = "x86_64") -> dict[str, Any]:
    return {
        "libc": {"family": "glibc", "version": glibc},
        "arch": arch,
        "cpu": {"isa_level": isa},
        "kernel": "3.10.0-1160.el7.x86_64",
        "filesystems": [],
        "prefixes": [],
        "user": "root",
    }


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The channel that most tests begin with."""
    directory = tmp_path_factory.mktemp("indexed") / "channel"
    conda_channel.make(directory, PYTHON, PURE, OLD, NEW)
    return directory


@pytest.fixture
def directory(indexed: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(indexed, tmp_path / "channel")


class Fleet:
    """A controller with a cache of its own. ``get`` is what an attempt does for one host."""

    def __init__(self, cache: Path, channel: str) -> None:
        self.cache, self.channel = cache, channel
        self.made: Any = None

    def get(self, glibc: str, isa: str = "x86-64-v3", offline: bool = False, **extra: Any) -> Artefact:
        extra = {"conda_channels": [self.channel], "conda_packages": ["faiss-cpu", "python"], **extra}
        extra = {f"faiss_install__{name}": value for name, value in extra.items()}
        options = Options(cache=self.cache, offline=offline, extra=extra)
        (candidate,) = conda.STRATEGY.plan(facts(glibc, isa), options)
        artefact = self.made = conda.STRATEGY.resolve(candidate, facts(glibc, isa), options)
        assert artefact
        return artefact

    def refused(self, glibc: str, isa: str = "x86-64-v3", **extra: Any) -> FleetError:
        with pytest.raises(FleetError) as found:
            self.get(glibc, isa, **extra)
        # Whatever was refused, nothing that could be shipped and nothing half made is left.
        assert [path.name for path in self.cache.glob("stage-*")] == []
        return found.value

    def archives(self) -> list[Path]:
        return sorted((self.cache / "archives").glob("*.tar.gz"))


@pytest.fixture
def fleet(tmp_path: Path, directory: Path) -> Fleet:
    return Fleet(tmp_path / "cache", f"file://{directory}")


def member(artefact: Artefact, name: str) -> bytes:
    with tarfile.open(artefact.archive) as tar:
        handle = tar.extractfile(name)
        assert handle
        return handle.read()


@pytest.mark.parametrize(
    "glibc, version", [("2.17", "1.9.0"), ("2.27", "1.9.0"), ("2.28", "1.15.1"), ("2.36", "1.15.1")]
)
def test_each_glibc_gets_the_newest_that_fits_it(fleet: Fleet, glibc: str, version: str) -> None:
    fleet.get(glibc)
    assert (fleet.made.found["version"], fleet.made.found["python"]) == (version, "3.13.2")


def test_the_environment_is_made_for_the_prefix_on_the_host(fleet: Fleet) -> None:
    artefact = fleet.get("2.17")
    prefix = f"/opt/faiss-fleet/conda/{artefact.digest}"
    assert member(artefact, "bin/where").decode() == f"#!{prefix}/bin/python\n"
    # In a program the text is shortened in place, and what comes after it stays where it was.
    binary = member(artefact, "lib/where.so")
    assert f"{prefix}/lib\0".encode() in binary
    assert len(binary) == len(BINARY) and binary.endswith(b"\0tail")
    assert member(artefact, "lib/python3.13/site-packages/pure.py") == b"pass\n"
    with tarfile.open(artefact.archive) as tar:
        names = tar.getnames()
        everything = b"".join(tar.extractfile(each).read() for each in tar if each.isfile())  # type: ignore[union-attr]
    assert {"conda-meta/history", "conda-meta/faiss-cpu-1.9.0-0.json"} <= set(names)
    assert str(fleet.cache).encode() not in everything


def test_a_prefix_too_long_for_the_packages_is_refused(fleet: Fleet) -> None:
    extra = {"faiss_install__conda_channels": [fleet.channel], "faiss_install__conda_packages": ["faiss-cpu", "python"]}
    options = Options(prefix="/opt/" + "long/" * 50 + "x", cache=fleet.cache, extra=extra)
    (candidate,) = conda.STRATEGY.plan(facts("2.17"), options)
    with pytest.raises(FleetError, match="faiss_install__prefix"):
        conda.STRATEGY.resolve(candidate, facts("2.17"), options)
    assert fleet.archives() == []


def test_packed_twice_it_is_the_same_byte_for_byte(fleet: Fleet, tmp_path: Path) -> None:
    again = Fleet(tmp_path / "another-cache", fleet.channel)
    assert fleet.get("2.17").archive.read_bytes() == again.get("2.17").archive.read_bytes()


def test_classes_with_the_same_packages_share_an_archive(fleet: Fleet) -> None:
    assert fleet.get("2.17").archive == fleet.get("2.27").archive
    assert len(fleet.archives()) == 1


def test_a_class_that_nothing_fits_is_told_both_sides(fleet: Fleet) -> None:
    found = fleet.refused("2.12")
    assert found.cause == "conda_glibc"
    assert "faiss-cpu 1.9.0 wants __glibc >=2.17,<3.0.a0" in str(found)
    assert "the host has __glibc 2.12" in str(found)
    assert "No other version in these channels fits it" in str(found)


def test_a_version_that_is_too_new_is_refused_with_the_newest_that_fits(fleet: Fleet) -> None:
    found = fleet.refused("2.17", conda_packages=["faiss-cpu >=1.10", "python"])
    assert found.cause == "conda_glibc"
    assert "faiss-cpu 1.15.1 wants __glibc >=2.28,<3.0.a0, and the host has __glibc 2.17" in str(found)
    assert "newest that would have fitted is faiss-cpu 1.9.0" in str(found)


def test_a_cpu_that_is_too_old_is_no_fault_of_glibc(fleet: Fleet, directory: Path) -> None:
    conda_channel.make(directory, V4)
    assert fleet.get("2.36", "x86-64-v4") and fleet.made.found["version"] == "2.0.0"
    assert fleet.get("2.36", "x86-64-v3") and fleet.made.found["version"] == "1.15.1"
    assert fleet.refused("2.36", "x86-64-v3", conda_packages=["faiss-cpu >=2", "python"]).cause == "cpu_isa"


def test_what_no_glibc_would_help_is_called_unsatisfiable(fleet: Fleet) -> None:
    found = fleet.refused("2.36", conda_packages=["faiss-cpu >=9", "python"])
    assert found.cause in ("conda_unsat", "conda_not_found")
    assert "newest that would have fitted is faiss-cpu 1.15.1" in str(found)


def test_a_package_that_no_channel_has(fleet: Fleet) -> None:
    assert fleet.refused("2.36", conda_packages=["faiss-gpu", "python"]).cause == "conda_not_found"


@pytest.mark.parametrize("channel", ["file:///nowhere/at/all", "http://127.0.0.1:1/channel"])
def test_a_channel_that_does_not_answer(fleet: Fleet, channel: str) -> None:
    found = fleet.refused("2.36", conda_channels=[channel])
    assert found.cause == "conda_network"
    assert channel in str(found)


def swap(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("change", [swap, grow, cut])
def test_a_package_that_is_not_the_one_indexed_is_refused(fleet: Fleet, directory: Path, change: Any) -> None:
    change(directory / "linux-64" / OLD.file)
    found = fleet.refused("2.17")
    assert found.cause == "hash_mismatch"
    assert OLD.file in str(found)
    assert fleet.archives() == []


def test_a_package_that_changed_in_the_cache_is_fetched_again(fleet: Fleet) -> None:
    first = fleet.get("2.17").archive.read_bytes()
    for path in fleet.archives():
        path.unlink()
    for path in (fleet.cache / "conda" / "packages").rglob("*.conda"):
        swap(path)
    assert fleet.get("2.17").archive.read_bytes() == first


def test_a_package_that_cannot_be_unpacked_leaves_nothing_and_the_next_run_works(fleet: Fleet, directory: Path) -> None:
    whole = (directory / "linux-64" / OLD.file).read_bytes()
    # The index vouches for a package whose payload breaks off: the sum is right, and installing fails half way.
    (directory / "linux-64" / OLD.file).write_bytes(_with_broken_payload(whole))
    conda_channel.make(directory)
    found = fleet.refused("2.17")
    assert found.cause == "corrupt_artefact"
    assert fleet.archives() == []
    (directory / "linux-64" / OLD.file).write_bytes(whole)
    conda_channel.make(directory)
    assert fleet.get("2.17").archive.is_file()


def _with_broken_payload(whole: bytes) -> bytes:
    """Three bytes of the payload's first frame header, which stays as long as it was."""
    at = whole.index(b"\x28\xb5\x2f\xfd")
    return whole[:at] + b"\0\0\0" + whole[at + 3 :]


def test_a_solver_killed_in_the_middle_leaves_no_archive(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installer dies by SIGKILL with the tree half made."""
    child = fleet.cache.parent / "child.py"
    source = conda_solver.CHILD.read_text(encoding="utf-8")
    broken = source.replace(
        '    return {"ok": True, "installed"', '    os.kill(os.getpid(), 9)\n    return {"ok": True, "installed"'
    )
    assert broken != source
    child.write_text(broken, encoding="utf-8")
    monkeypatch.setattr(conda_solver, "CHILD", child)
    assert "SIGKILL" in str(fleet.refused("2.17"))
    assert fleet.archives() == []
    monkeypatch.undo()
    assert fleet.get("2.17").archive.is_file()


def test_the_locks_give_the_same_archive_again(fleet: Fleet, directory: Path, tmp_path: Path) -> None:
    first = fleet.get("2.17")
    (explicit,) = (fleet.cache / "locks").glob("*.explicit.txt")
    (pixi,) = (fleet.cache / "locks").glob("*.pixi.lock")
    # The channel has moved on; the locks have not.
    conda_channel.make(directory, Package("faiss-cpu", "1.9.9", ("python",), {"lib/libfaiss.so": b"newer"}))
    for number, lock in enumerate((explicit, pixi)):
        again = Fleet(tmp_path / f"cache{number}", fleet.channel)
        artefact = again.get("2.17", conda_lock=str(lock))
        assert artefact.archive.read_bytes() == first.archive.read_bytes(), lock.name
        assert again.made.found["version"] == "1.9.0"
    assert Fleet(tmp_path / "cache9", fleet.channel).get("2.17").digest != first.digest


def test_the_record_says_what_an_older_host_misses(fleet: Fleet) -> None:
    fleet.get("2.17")
    said = "faiss-cpu 1.15.1 is in the channels: faiss-cpu 1.15.1 wants __glibc >=2.28,<3.0.a0, and the host has less"
    assert said in fleet.made.note
    fleet.get("2.36")
    assert "is in the channels" not in fleet.made.note


def test_the_record_says_where_the_lock_is(fleet: Fleet) -> None:
    fleet.get("2.17")
    (explicit,) = (fleet.cache / "locks").glob("*.explicit.txt")
    assert fleet.made.note.endswith(str(explicit))


@pytest.mark.parametrize("kind", ["*.explicit.txt", "*.pixi.lock"])
def test_a_lock_for_newer_hosts_is_refused(fleet: Fleet, tmp_path: Path, kind: str) -> None:
    fleet.get("2.36")
    (lock,) = (fleet.cache / "locks").glob(kind)
    found = Fleet(tmp_path / "cache2", fleet.channel).refused("2.17", conda_lock=str(lock))
    assert found.cause == "conda_glibc"
    assert "faiss-cpu 1.15.1 wants __glibc >=2.28,<3.0.a0, and the host has __glibc 2.17" in str(found)


def test_a_file_that_is_no_lock_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk")
    found = fleet.refused("2.17", conda_lock=str(tmp_path / "notes.txt"))
    assert found.cause == "corrupt_artefact"


def test_offline_a_channel_in_a_folder_and_a_filled_cache_both_serve(fleet: Fleet, directory: Path) -> None:
    first = fleet.get("2.17", offline=True)
    assert fleet.get("2.17", offline=True).digest == first.digest


def test_no_environment_shares_its_files_with_the_cache(fleet: Fleet) -> None:
    fleet.get("2.17")
    assert [path for path in fleet.cache.rglob("*") if path.is_file() and path.stat().st_nlink > 1] == []


def test_without_certificates_the_remedy_is_named(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    found = fleet.refused("2.17")
    assert found.cause == "tls"
    assert "ca-certificates" in (found.remedy or "")


def test_it_works_after_a_fork_many_times_over(fleet: Fleet, tmp_path: Path) -> None:
    """As Ansible's workers do: each forks from a process that has used the strategy already."""
    fleet.get("2.17")
    children = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                Fleet(tmp_path / f"fork{number}", fleet.channel).get("2.36")
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0, 0]


class Guarded(http.server.SimpleHTTPRequestHandler):
    """Serves a channel to who knows the password, at /private/."""

    def do_GET(self) -> None:
        expected = "Basic " + base64.b64encode(b"me:s3cret").decode()
        if self.headers.get("Authorization") != expected or not self.path.startswith("/private/"):
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.path = self.path.removeprefix("/private")
        super().do_GET()

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server(directory: Path) -> Iterator[str]:
    handler = functools.partial(Guarded, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}/private"
        server.shutdown()


def test_a_mirror_with_a_password_serves_and_the_password_stays_secret(fleet: Fleet, server: str) -> None:
    mirror = Fleet(fleet.cache, f"http://me:s3cret@{server}")
    artefact = mirror.get("2.17")
    assert {package["url"].rpartition("/")[0] for package in artefact.lock["packages"]} == {
        f"http://{server}/linux-64",
        f"http://{server}/noarch",
    }
    kept = [path for path in fleet.cache.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []
    with tarfile.open(artefact.archive) as tar:
        assert not any(b"s3cret" in tar.extractfile(each).read() for each in tar if each.isfile())  # type: ignore[union-attr]
    assert "s3cret" not in json.dumps([artefact.lock, artefact.found, artefact.note])


def test_a_password_kept_in_rattlers_own_file_serves(
    fleet: Fleet, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"127.0.0.1": {"BasicHTTP": {"username": "me", "password": "s3cret"}}}
    (tmp_path / "credentials.json").write_text(json.dumps(kept))
    monkeypatch.setenv("RATTLER_AUTH_FILE", str(tmp_path / "credentials.json"))
    assert Fleet(fleet.cache, f"http://{server}").get("2.17").archive.is_file()


def test_a_wrong_password_is_told_without_it(fleet: Fleet, server: str) -> None:
    found = Fleet(fleet.cache, f"http://me:wr0ng@{server}").refused("2.17")
    assert found.cause == "conda_network"
    assert "wr0ng" not in str(found)


def test_a_changed_package_of_a_mirror_is_refused(fleet: Fleet, directory: Path, server: str) -> None:
    swap(directory / "linux-64" / OLD.file)
    found = Fleet(fleet.cache, f"http://me:s3cret@{server}").refused("2.17")
    assert found.cause == "hash_mismatch"
    assert "s3cret" not in str(found)


def test_the_controller_killed_in_the_middle_leaves_no_archive(fleet: Fleet, tmp_path: Path) -> None:
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.integration.test_conda_solve import Fleet
from faiss_fleet.artefacts import packing
def hang(*_): print("packing", flush=True); import time; time.sleep(60)
packing.pack = hang
Fleet(Path({str(fleet.cache)!r}), {fleet.channel!r}).get("2.17")
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout and process.stdout.readline() == "packing\n"
        process.send_signal(signal.SIGKILL)
    assert fleet.archives() == []
    started = time.monotonic()
    assert fleet.get("2.17").archive.is_file()
    assert time.monotonic() - started < 60
    shutil.rmtree(fleet.cache)
