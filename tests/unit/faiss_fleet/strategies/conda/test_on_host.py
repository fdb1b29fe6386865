# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which conda of a host creates the environment, and what it is sent."""

import hashlib
import tarfile

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.conda import lock as conda_lock
from faiss_fleet.strategies.conda import on_host as conda_on_host
from faiss_fleet.strategies.conda import strategy as conda

OLD = {"path": "/opt/conda/bin/conda", "kind": "conda", "version": "4.3.16", "error": None}
NEW = {"path": "/opt/forge/bin/conda", "kind": "conda", "version": "24.9.2", "error": None}
MICRO = {"path": "/usr/local/bin/micromamba", "kind": "micromamba", "version": "2.0.5", "error": None}
BROKEN = {"path": "/opt/x/bin/conda", "kind": "conda", "version": None, "error": "no record of conda."}
DATA = b"a package"
FINE = {"purpose": "prefix", "path": "/opt", "free_bytes": 10**10, "noexec": False, "read_only": False}


def facts(*condas, method="module"):
    return {
        "method": method,
        "libc": {"family": "glibc", "version": "2.17"},
        "arch": "x86_64",
        "cpu": {"isa_level": "x86-64-v3"},
        "kernel": "3.10.0",
        "filesystems": [FINE],
        "prefixes": [],
        "user": "root",
        "condas": list(condas),
    }


def options(tmp_path, how="offline", **extra):
    return Options(cache=tmp_path / "cache", extra={"faiss_install__conda_on_host": how, **extra})


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A lock of one package that lies in a channel's directory; returns what packs it as which."""

    def lock(packed):
        file = f"python-3.13.2-0.{packed}"
        path = tmp_path / "linux-64" / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(DATA)
        package = {"name": "python", "version": "3.13.2", "subdir": "linux-64", "file": file, "url": f"file://{path}"}
        packages = [{**package, "sha256": hashlib.sha256(DATA).hexdigest()}]
        made = {"layout": 1, "platform": "linux-64", "prefix": "/opt/faiss-fleet", "packages": packages}
        monkeypatch.setattr(conda_lock, "locked", lambda *_: made)
        return packages

    return lock


@pytest.mark.parametrize(
    "condas, chosen",
    [
        pytest.param([OLD, NEW], NEW, id="one that reads .conda"),
        pytest.param([OLD, MICRO], MICRO, id="micromamba reads it"),
        pytest.param([BROKEN, OLD], OLD, id="one that works"),
    ],
)
def test_which_conda_does_it(condas, chosen):
    assert conda_on_host.chosen(facts(*condas)) == (chosen, [])


@pytest.mark.parametrize(
    "found, cause, have",
    [
        pytest.param(facts(), "command_missing", None, id="none"),
        pytest.param(facts(BROKEN), "command_missing", "/opt/x/bin/conda (no record of conda.)", id="broken"),
        pytest.param(facts(NEW, method="raw"), "python_missing", None, id="no Python for the module"),
    ],
)
def test_a_host_without_one_is_blocked_with_need_and_have(found, cause, have, tmp_path):
    (candidate,) = conda.STRATEGY.plan(found, options(tmp_path))
    (reason,) = candidate["reasons"]
    assert candidate["verdict"] == "blocked"
    assert (reason["cause"], reason["have"]) == (cause, have)
    assert reason["need"]


def test_the_candidate_says_which_conda_will_do_it(tmp_path):
    (candidate,) = conda.STRATEGY.plan(facts(OLD), options(tmp_path, "online"))
    assert candidate["verdict"] == "possible"
    assert "by its conda 4.3.16 (/opt/conda/bin/conda), online. It reads .tar.bz2" in candidate["note"]
    (plain,) = conda.STRATEGY.plan(facts(), options(tmp_path, ""))
    assert plain["verdict"] == "possible"
    assert "Created on the host" not in plain["note"]


@pytest.mark.parametrize("how, shipped", [("offline", ["packages/linux-64/python-3.13.2-0.tar.bz2"]), ("online", [])])
def test_what_is_shipped(locked, tmp_path, how, shipped):
    packages = locked("tar.bz2")
    secret = "https://user:word@h/ch"
    made = conda_on_host.artefact(facts(OLD), options(tmp_path, how, faiss_install__conda_channels=[secret]))
    with tarfile.open(made.archive) as tar:
        names = [member.name for member in tar if member.isfile() and member.name.startswith("packages/")]
        assert names == shipped
        assert b"word" not in tar.extractfile("manifest.json").read()
    assert made.lock["packages"] == packages
    assert made.build.module == "faiss_conda_create"
    assert made.build.arguments["secrets"] == ({"https://h/ch": secret} if how == "online" else {})
    again = conda_on_host.artefact(facts(NEW), options(tmp_path, how))
    assert made.digest != again.digest


def test_a_conda_that_cannot_read_the_packages_is_told_before_anything_is_sent(locked, tmp_path):
    locked("conda")
    with pytest.raises(FleetError, match=r"reads \.tar\.bz2 packages only") as caught:
        conda_on_host.artefact(facts(OLD), options(tmp_path))
    assert caught.value.cause == "command_missing"
    assert conda_on_host.artefact(facts(MICRO), options(tmp_path)).build.arguments["kind"] == "micromamba"
