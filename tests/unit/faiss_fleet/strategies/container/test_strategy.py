# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the strategy container decides and writes without an engine; the integration tests run real ones."""

from __future__ import annotations

import hashlib

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import archive as container_archive
from faiss_fleet.strategies.container import strategy as container
from faiss_fleet.strategies.container import wrapper as container_wrapper
from tests.unit.faiss_fleet.strategies.container import images
from tests.unit.faiss_fleet.strategies.container.images import (
    DOCKER,
    PINNED,
    PODMAN,
    causes_of,
    facts,
    options,
    planned,
)

# --- the plan


@pytest.mark.parametrize(
    "engines, wanted, name",
    [
        pytest.param([DOCKER, PODMAN], "", "podman", id="podman first"),
        pytest.param(
            [{**PODMAN, "answers": False, "error": "conmon is not installed"}, DOCKER],
            "",
            "docker",
            id="the one that answers",
        ),
        pytest.param([PODMAN, DOCKER], "docker", "docker", id="the one that is named"),
    ],
)
def test_the_engine_that_answers_is_chosen(engines, wanted, name):
    candidate = planned(facts(*engines), options(image=PINNED, engine=wanted))
    assert candidate["verdict"] == "possible"
    assert candidate["id"] == f"container:registry:{PINNED}:{name}"
    assert candidate["runtime"] == {
        "kind": "container",
        "argv": ["{prefix}/bin/faiss-python"],
        "env": {},
        "prefix": None,
    }


def test_what_makes_the_engine_this_one_goes_to_the_application():
    engine = {**PODMAN, "environment": {"CONTAINERS_CONF": "/srv/containers.conf"}}
    assert planned(facts(engine))["runtime"]["env"] == {"CONTAINERS_CONF": "/srv/containers.conf"}


@pytest.mark.parametrize(
    "engine, cause",
    [
        pytest.param(None, "engine_missing", id="none"),
        pytest.param(
            {**PODMAN, "error": "no OCI runtime (crun, runc) is installed"}, "engine_missing", id="no runtime"
        ),
        pytest.param(
            {**PODMAN, "error": "/proc/sys/user/max_user_namespaces is 0"}, "podman_userns", id="namespaces off"
        ),
        pytest.param({**PODMAN, "error": "/etc/subuid has no entry for app"}, "podman_userns", id="no subuid"),
        pytest.param(
            {**DOCKER, "error": "The daemon at /var/run/docker.sock does not answer: [Errno 13] Permission denied"},
            "docker_perm",
            id="socket",
        ),
        pytest.param(
            {**DOCKER, "error": "None of /var/run/docker.sock is there. Start the daemon: systemctl start docker"},
            "engine_missing",
            id="no daemon",
        ),
    ],
)
def test_no_engine_is_blocked_with_what_is_the_matter(engine, cause):
    candidate = planned(facts(*([{**engine, "answers": False}] if engine else [])))
    assert candidate["verdict"] == "blocked" and causes_of(candidate) == [cause]
    assert candidate["remedy"] and candidate["runtime"] is None
    assert candidate["reasons"][0]["text"].endswith((engine or {}).get("error", "no podman or docker"))


@pytest.mark.parametrize(
    "more, cause",
    [
        ({"kernel": "2.6.32-754.el6.x86_64"}, "kernel_too_old"),
        ({"method": "raw"}, "python_missing"),
        (
            {
                "filesystems": [
                    {"purpose": "prefix", "path": "/opt", "free_bytes": 0, "noexec": True, "read_only": False}
                ]
            },
            "noexec_mount",
        ),
    ],
)
def test_hosts_that_can_run_no_container_are_blocked(more, cause):
    assert causes_of(planned(facts(PODMAN, **more))) == [cause]


def test_without_an_image_the_remedy_names_the_variables():
    candidate = planned(facts(PODMAN), options(source="build"))
    assert causes_of(candidate) == ["image_missing"]
    assert "faiss_install__container_base" in candidate["remedy"]


@pytest.mark.parametrize(
    "content, cause", [(b"no archive", "corrupt_artefact"), (None, "python_missing")], ids=["corrupt", "no Python"]
)
def test_a_base_that_cannot_be_used_blocks_no_host_and_fails_the_attempt(tmp_path, content, cause):
    base = tmp_path / "base.tar"
    if content:
        base.write_bytes(content)
    else:
        images.layer(tmp_path, "base.tar", {"etc/hostname": b"x"})
    named = {"file": str(base), "sha256": hashlib.sha256(base.read_bytes()).hexdigest()}
    chosen = options(tmp_path, source="build", base=named)
    candidate = planned(facts(PODMAN), chosen)
    assert candidate["verdict"] == "possible", candidate["reasons"]
    for ask in (container.STRATEGY.resolve, container.STRATEGY.forecast):
        with pytest.raises(FleetError) as refused:
            ask(candidate, facts(PODMAN), chosen)
        assert refused.value.cause == cause and refused.value.fault in ("controller", "inventory")
        assert ("has no python3" in str(refused.value)) is (content is None)


@pytest.mark.parametrize(
    "checks, fault",
    [
        pytest.param(["glibc"], "inventory", id="old base"),
        pytest.param(["platform_tag", "cpu_isa"], "host", id="old processor"),
    ],
)
def test_a_base_in_which_no_wheel_runs_is_the_inventorys_unless_the_processor_says_no(
    tmp_path, monkeypatch, checks, fault
):
    reasons = [
        {"check": check, "cause": "glibc_too_old", "need": "1", "have": "0", "text": f"no {check}"} for check in checks
    ]
    wheels = {"id": "wheel:x", "artefact": {"version": "1", "python": "cp311"}, "verdict": "blocked", "remedy": "r"}
    base = {"arch": "x86_64", "libc": {"family": "glibc", "version": "2.5"}, "pythons": [{"version": "3.11"}]}
    monkeypatch.setattr(container.container_build, "inspected", lambda *_given: base)
    monkeypatch.setattr(container.wheel, "plan", lambda *_given: [{**wheels, "reasons": reasons}])
    (tmp_path / "base.tar").write_bytes(b"base")
    chosen = options(tmp_path, source="build", base={"file": str(tmp_path / "base.tar"), "sha256": "ab" * 32})
    candidate = planned(facts(PODMAN), chosen)
    assert causes_of(candidate) == (["glibc_too_old"] if fault == "host" else [])
    for ask in (container.STRATEGY.resolve, container.STRATEGY.forecast):
        with pytest.raises(FleetError, match=f"No wheel runs in the base: no {checks[-1]}") as refused:
            ask(candidate, facts(PODMAN), chosen)
        assert refused.value.fault == fault


def test_resolving_what_was_blocked_is_refused():
    with pytest.raises(FleetError) as refused:
        container.STRATEGY.resolve(planned(facts()), facts(), options())
    assert refused.value.cause == "engine_missing"


@pytest.mark.parametrize(
    "engine, version, glibc, causes",
    [
        ("docker", "20.10.7", "2.36", ["seccomp_clone3"]),
        ("docker", "20.10.10", "2.36", []),
        ("docker", "20.10.7", "2.31", []),
        ("docker", None, "2.36", []),
        ("podman", "3.0.1", "2.36", []),
    ],
)
def test_an_engine_known_to_refuse_clone3_is_blocked_for_a_newer_glibc(engine, version, glibc, causes):
    found = container_wrapper.engine_of({**DOCKER, "name": engine, "version": version})
    assert [one["cause"] for one in container.clone3(found, {"libc": {"version": glibc}})] == causes
    assert container.clone3(found, None) == []


@pytest.mark.parametrize(
    "engine, kind",
    [
        pytest.param(PODMAN, "id", id="podman"),
        pytest.param({**DOCKER, "store": None}, "id", id="docker"),
        pytest.param({**DOCKER, "store": "containerd"}, "manifest_id", id="docker with containerd"),
    ],
)
def test_an_image_is_named_as_the_engine_names_it(made, tmp_path, engine, kind):
    container_archive.write(made, tmp_path / "own.tar.gz")
    sha256 = hashlib.sha256((tmp_path / "own.tar.gz").read_bytes()).hexdigest()
    given = options(tmp_path, source="archive", archive={"file": str(tmp_path / "own.tar.gz"), "sha256": sha256})
    found = facts(engine)
    artefact = container.STRATEGY.resolve(planned(found, given), found, given)
    expected = getattr(made, kind)
    assert artefact.lock["image"] == {"id": expected} and artefact.step.arguments["id"] == expected
    assert f"image={expected}" in artefact.lock["program"]
