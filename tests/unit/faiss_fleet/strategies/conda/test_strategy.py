# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the strategy conda decides without its solver, which the integration tests ask for real."""

import json

import pytest

from faiss_fleet import run_id
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.conda import (
    explicit as conda_explicit,
)
from faiss_fleet.strategies.conda import (
    host_class as conda_class,
)
from faiss_fleet.strategies.conda import (
    lock as conda_lock,
)
from faiss_fleet.strategies.conda import (
    options as conda_options,
)
from faiss_fleet.strategies.conda import (
    prefix as conda_prefix,
)
from faiss_fleet.strategies.conda import (
    refusal as conda_refusal,
)
from faiss_fleet.strategies.conda import (
    solver as conda_solver,
)
from faiss_fleet.strategies.conda import strategy as conda
from faiss_fleet.strategies.conda.channels import Channels, local_path, public

FINE = {"purpose": "prefix", "path": "/opt", "free_bytes": 10**10, "noexec": False, "read_only": False}
SHA = "ab" * 32


def facts(
    glibc="2.17", arch="x86_64", isa="x86-64-v3", family="glibc", kernel="3.10.0-1160.119.1.el7.x86_64", disk=FINE
):
    return {
        "libc": {"family": family, "version": glibc},
        "arch": arch,
        "cpu": {"isa_level": isa},
        "kernel": kernel,
        "filesystems": [disk],
        "prefixes": [],
        "user": "root",
    }


def package(name, version="1", **more):
    file = f"{name}-{version}-0.conda"
    url = f"https://h/ch/linux-64/{file}"
    found = {"name": name, "version": version, "build": "0", "subdir": "linux-64", "file": file, "url": url}
    return {**found, "sha256": SHA, **more}


@pytest.mark.parametrize(
    "found, expected",
    [
        pytest.param(facts(), ("linux-64", "2.17", "x86_64_v3", "3.10.0"), id="centos7"),
        pytest.param(facts("2.36", kernel="6.1.0-28-amd64"), ("linux-64", "2.36", "x86_64_v3", "6.1.0"), id="debian12"),
        pytest.param(facts(isa="x86-64-v1"), ("linux-64", "2.17", "x86_64", "3.10.0"), id="oldest CPU"),
        pytest.param(facts(isa=None), ("linux-64", "2.17", "x86_64", "3.10.0"), id="CPU unknown: nothing is assumed"),
        pytest.param(facts(arch="aarch64", isa=None), ("linux-aarch64", "2.17", "aarch64", "3.10.0"), id="arm"),
        pytest.param(facts(kernel=""), ("linux-64", "2.17", "x86_64_v3", "0"), id="kernel unknown"),
    ],
)
def test_virtual_packages_are_the_hosts_own(found, expected):
    host = conda_class.of_facts(found)
    names = ("__glibc", "__archspec", "__linux")
    assert (host.subdir, *(host.have(name) for name in names)) == expected


@pytest.mark.parametrize(
    "found, cause",
    [
        pytest.param(facts(family="musl", glibc="1.2.5"), "musl", id="musl"),
        pytest.param(facts(glibc=None), "unknown", id="glibc unread"),
        pytest.param(facts(arch="s390x"), "arch_mismatch", id="other machine"),
        pytest.param(facts(disk={**FINE, "free_bytes": 10**7}), "disk_full", id="no room"),
        pytest.param(facts(disk={**FINE, "noexec": True}), "noexec_mount", id="noexec"),
    ],
)
def test_plan_says_why_it_cannot_be(found, cause):
    (candidate,) = conda.STRATEGY.plan(found, Options())
    assert candidate["verdict"] == "blocked"
    assert candidate["reasons"][0]["cause"] == cause
    assert candidate["remedy"]


def test_plan_is_one_possible_candidate_and_asks_nothing(monkeypatch):
    monkeypatch.setattr(conda_solver, "call", None)
    (candidate,) = conda.STRATEGY.plan(facts(), Options())
    assert candidate["id"] == "conda:faiss-cpu:linux-64"
    assert candidate["verdict"] == "possible"
    assert candidate["artefact"]["version"] is None
    assert candidate["runtime"] == {"kind": "python", "argv": ["{prefix}/bin/python"], "env": {}, "prefix": None}
    assert "__glibc 2.17" in candidate["note"]


@pytest.mark.parametrize(
    "url, shown",
    [
        ("conda-forge", "conda-forge"),
        ("https://me:s3cret@h:8443/ch", "https://h:8443/ch"),
        ("https://h/t/tk-12/ch/linux-64", "https://h/ch/linux-64"),
        ("https://me@h/t/tk-12/ch?token=x#y", "https://h/ch"),
        ("file:///srv/my%20ch", "file:///srv/my%20ch"),
        ("https://h/not/t/here", "https://h/not/t/here"),
    ],
)
def test_public_url_has_no_secret(url, shown):
    assert public(url) == shown


def test_the_secret_comes_back_to_fetch_and_only_for_its_channel():
    channels = Channels(("https://me:pw@h/ch", "https://h/other", "/srv/ch"))
    assert channels.shown == ("https://h/ch", "https://h/other", "file:///srv/ch")
    assert channels.with_secret("https://h/ch/noarch/a-1-0.conda") == "https://me:pw@h/ch/noarch/a-1-0.conda"
    assert channels.with_secret("https://h/chx/noarch/a-1-0.conda") == "https://h/chx/noarch/a-1-0.conda"
    assert not channels.local
    assert local_path("file:///srv/my%20ch").name == "my ch"


@pytest.mark.parametrize(
    "values, words",
    [
        ({conda_options.PACKAGES: ["numpy", "python"]}, "none of them is FAISS"),
        ({conda_options.PACKAGES: {"faiss-cpu": 1}}, "not a list"),
        ({conda_options.CHANNELS: [["conda-forge"]]}, "not text"),
        ({conda_options.LOCK: "/nowhere/pixi.lock"}, "not a file on this controller"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(values, words):
    with pytest.raises(FleetError, match=words):
        conda_options.from_variables(values)


def test_a_refused_option_keeps_its_secret():
    with pytest.raises(FleetError) as refused:
        conda_options.from_variables({conda_options.CHANNELS: {"https://me:s3cret@h/ch": 1}})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("spec", ["faiss-cpu", "faiss-cpu >=1.9", "faiss-cpu=1.9", "conda-forge::faiss-cpu[build=x]"])
def test_name_of_a_spec(spec):
    assert conda_options.name_of(spec) == "faiss-cpu"


def test_explicit_list_reads_back():
    lock = {"platform": "linux-64", "packages": [package("faiss-cpu", "1.9.0.post1"), package("numpy", "2.2.6")]}
    found = conda_explicit.parse(conda_explicit.text(lock, "x"), "list.txt")
    assert found == lock["packages"]


@pytest.mark.parametrize(
    "line, cause",
    [
        ("https://h/ch/linux-64/a-1-0.conda", "hash_mismatch"),
        ("https://h/ch/linux-64/a-1-0.conda#" + "ab" * 16, "hash_mismatch"),
        (f"https://h/ch/linux-64/..#{SHA}", "corrupt_artefact"),
        (f"https://h/ch/linux-64/a.zip#{SHA}", "corrupt_artefact"),
        ("# nothing", "corrupt_artefact"),
    ],
)
def test_explicit_list_without_sums_or_packages_is_refused(line, cause):
    with pytest.raises(FleetError) as refused:
        conda_explicit.parse(f"@EXPLICIT\n{line}\n", "list.txt")
    assert refused.value.cause == cause


def refused(glibc="2.17", **answer):
    answer = {"kind": "unsat", "message": "cannot", "missing": [], "better": None, "fitting": None, **answer}
    host = conda_class.of_facts(facts(glibc))
    return conda_refusal.error(answer, host, ["faiss-cpu >=1.10", "python"], ["https://me:pw@h/ch"])


def test_refusal_has_both_sides_and_what_would_have_fitted():
    wants = [{"name": "faiss-cpu", "version": "1.15.1", "wants": "__glibc >=2.28"}]
    fitting = [{"name": "python", "version": "3.13.2"}, {"name": "faiss-cpu", "version": "1.9.0"}]
    found = refused(better={"name": "__glibc", "least": "2.28", "wants": wants}, fitting=fitting)
    assert found.cause == "conda_glibc"
    assert "faiss-cpu 1.15.1 wants __glibc >=2.28, and the host has __glibc 2.17" in str(found)
    assert "The newest that would have fitted is faiss-cpu 1.9.0 (with python 3.13.2)" in str(found)
    assert "[faiss-cpu=1.9.0, python]" in found.remedy


@pytest.mark.parametrize(
    "answer, cause",
    [
        ({"better": {"name": "__archspec", "least": "1", "wants": []}}, "cpu_isa"),
        ({"better": {"name": "__linux", "least": "4.18", "wants": []}}, "kernel_too_old"),
        ({"better": None}, "conda_unsat"),
        ({"missing": ["faiss-gpu"]}, "conda_not_found"),
        ({"kind": "network", "message": "Connection refused"}, "conda_network"),
        ({"kind": "error", "message": "builder error"}, "tls"),
        ({"kind": "install", "message": "bad zip"}, "corrupt_artefact"),
        ({"kind": "wants", "wants": [{"name": "a", "version": "1", "wants": "__glibc >=2.28"}]}, "conda_glibc"),
    ],
)
def test_each_refusal_has_a_cause_and_no_secret(answer, cause):
    found = refused(**answer)
    assert found.cause == cause
    assert "pw" not in str(found)


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

    def build(lock, host, wanted, options, archives):
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / "tree" / "x").write_text("x")
        return conda_prefix.packing.keep(conda_prefix.packing.pack(tmp_path / "tree", lock, "conda", archives))

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
    assert found.value.cause == cause


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


def test_without_the_library_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(conda_solver, "LIBRARY", "no_such_library")
    with pytest.raises(FleetError, match="py-rattler is not installed") as found:
        conda_solver.call("solve")
    assert found.value.cause == "not_installed"


def test_a_solver_that_dies_is_told_with_its_last_words(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import os, sys; sys.stderr.write('https://me:pw@h said no'); sys.stderr.flush(); os.abort()")
    monkeypatch.setattr(conda_solver, "CHILD", child)
    with pytest.raises(FleetError, match=r"died \(SIGABRT\).*said no") as found:
        conda_solver.call("solve")
    assert "pw" not in str(found.value)


def test_a_solver_that_hangs_is_ended(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(conda_solver, "CHILD", child)
    with pytest.raises(FleetError) as found:
        conda_solver.call("solve", time_limit=0.3)
    assert found.value.cause == "timeout"


@pytest.mark.parametrize("channel, solves", [("/srv/channel", 1), ("https://channel.example/forge", 0)])
def test_check_mode_solves_from_directories_and_asks_no_remote_channel(monkeypatch, tmp_path, channel, solves):
    asked = []

    def refuse(*_given, **_more):
        asked.append(1)
        raise FleetError("faiss-cpu wants __glibc >=2.28", "conda_glibc")

    monkeypatch.setattr(conda_lock, "locked", refuse)
    chosen = Options(cache=tmp_path, extra={"faiss_install__conda_channels": [channel]})
    (candidate,) = conda.STRATEGY.plan(facts(), chosen)
    if solves:
        with pytest.raises(FleetError, match="__glibc"):
            conda.STRATEGY.forecast(candidate, facts(), chosen)
    else:
        assert "solve the environment" in conda.STRATEGY.forecast(candidate, facts(), chosen).text()
    assert len(asked) == solves
