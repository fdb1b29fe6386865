# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A class of hosts is solved once, and its lock is kept."""

import json

import pytest

from faiss_fleet import run_id
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.conda import lock as conda_lock
from faiss_fleet.strategies.conda import prefix as conda_prefix
from faiss_fleet.strategies.conda import solver as conda_solver
from faiss_fleet.strategies.conda import strategy as conda
from tests.unit.faiss_fleet.strategies.conda.packages import SHA, facts, package


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A solver that answers what a test says, an installer that writes one file, and a cache of the test."""

    class World:
        def __init__(self):
            self.answer = {"ok": True, "packages": [package("faiss-cpu", "1.9.0"), package("python", "3.13.2")]}
            self.asked = []

        def artefact(self, now=1000.0, **extra):
            options = Options(cache=tmp_path / "cache", extra={f"faiss_install__{k}": v for k, v in extra.items()})
            return conda_lock.artefact(facts(), options, lambda: now)

    world = World()

    def call(operation, **arguments):
        world.asked.append((operation, arguments))
        return json.loads(json.dumps(world.answer))

    def build(lock, host, wanted, options, place):
        (place / "tree").mkdir()
        (place / "tree" / "x").write_text("x")

    monkeypatch.setattr(conda_solver, "call", call)
    monkeypatch.setattr(conda_prefix, "build", build)
    return world


def test_a_class_is_solved_once(world):
    first, second = world.artefact(), world.artefact(now=10.0**9)
    assert first == second
    assert len(world.asked) == 1
    assert world.asked[0][1]["virtual"]["__glibc"] == "2.17=0"


def test_a_lock_that_is_too_old_is_solved_anew(world):
    world.artefact()
    world.artefact(now=1000.0 + 3599, lock_max_age_hours=1)
    assert len(world.asked) == 1
    world.artefact(now=1000.0 + 3601, lock_max_age_hours=1)
    assert len(world.asked) == 2


def test_an_older_lock_serves_while_the_channel_is_down(world):
    first = world.artefact()
    world.answer = {"ok": False, "kind": "network", "message": "Connection refused"}
    assert world.artefact(now=10.0**9, lock_max_age_hours=1) == first


def test_the_class_hears_a_refusal_once_and_another_run_asks_again(world, monkeypatch):
    world.answer = {"ok": False, "kind": "network", "message": "Connection refused"}
    monkeypatch.setenv(run_id.RUN_VARIABLE, "20261122T100000Z-aaaaaa")
    for _host in range(2):
        with pytest.raises(FleetError, match="Connection refused"):
            world.artefact()
    assert len(world.asked) == 1
    world.answer = {"ok": True, "packages": [package("faiss-cpu"), package("python")]}
    monkeypatch.setenv(run_id.RUN_VARIABLE, "20261122T110000Z-bbbbbb")
    assert world.artefact().digest


@pytest.mark.parametrize(
    "packages, cause",
    [
        pytest.param([package("faiss-cpu")], "conda_unsat", id="no Python"),
        pytest.param([package("faiss-cpu", sha256=None), package("python")], "hash_mismatch", id="no sum"),
        pytest.param(
            [package("faiss-cpu", file="../../x-1-0.conda"), package("python")], "corrupt_artefact", id="a path"
        ),
        pytest.param([package("faiss-cpu", subdir="osx-64"), package("python")], "arch_mismatch", id="other platform"),
    ],
)
def test_what_a_channel_says_is_checked(world, packages, cause):
    world.answer = {"ok": True, "packages": packages}
    with pytest.raises(FleetError) as found:
        world.artefact()
    assert found.value.cause == cause and found.value.fault != "host"


@pytest.mark.parametrize(
    "text, answer, cause",
    [
        pytest.param(
            "version: 6", {"packages": [], "platforms": ["linux-aarch64"]}, "arch_mismatch", id="pixi, other platform"
        ),
        pytest.param(
            f"@EXPLICIT\nhttps://h/ch/linux-aarch64/python-3.13.2-0.conda#{SHA}\n",
            None,
            "arch_mismatch",
            id="list, other platform",
        ),
        pytest.param(
            "version: 6",
            {"packages": [package("python")], "wants": [{"name": "x", "version": "1", "wants": "__glibc >=2.28"}]},
            "conda_glibc",
            id="newer glibc",
        ),
    ],
)
def test_a_lock_for_other_hosts_rules_the_strategy_out_here(world, tmp_path, text, answer, cause):
    (tmp_path / "given.lock").write_text(text)
    world.answer = {"ok": True, **(answer or {})}
    options = Options(cache=tmp_path / "cache", extra={"faiss_install__conda_lock": str(tmp_path / "given.lock")})
    (candidate,) = conda.STRATEGY.plan(facts(), options)
    for ask in (conda.STRATEGY.forecast, conda.STRATEGY.resolve):
        with pytest.raises(FleetError) as refused:
            ask(candidate, facts(), options)
        assert (refused.value.cause, refused.value.fault) == (cause, "host")
        assert "linux-64" in str(refused.value)


def test_no_secret_of_a_channel_is_kept(world, tmp_path):
    url = "https://me:s3cret@h/t/tk-9/ch/linux-64/{}-1-0.conda"
    world.answer = {"ok": True, "packages": [package(name, url=url.format(name)) for name in ("faiss-cpu", "python")]}
    found = world.artefact(conda_channels=["https://me:s3cret@h/t/tk-9/ch"])
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert b"https://h/ch/linux-64/faiss-cpu-1-0.conda" in kept
    for secret in ("s3cret", "tk-9"):
        assert secret.encode() not in kept
        assert secret not in json.dumps(found.lock)


def test_the_prefix_is_part_of_the_digest(world, tmp_path):
    other = conda_lock.artefact(facts(), Options(prefix="/srv/ff", cache=tmp_path / "cache"), lambda: 1.0)
    assert other.digest != world.artefact().digest
