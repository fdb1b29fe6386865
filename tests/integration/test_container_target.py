# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""audit.yml with the container alone on a host that has a podman of its own, configured as hosts are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import container_audit, engine_target
from tests.container_audit import Audit
from tests.engine_target import Host

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with engine_target.started() as container:
        found = Host(container)
        found.sh("podman info >/dev/null")
        yield found


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, set[str]]:
    return host.state()


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory, host: Host, before: dict[str, set[str]]) -> Audit:
    directory = tmp_path_factory.mktemp("target")
    return Audit(
        directory,
        {"target": host.connection()},
        dict(os.environ),
        container_source="build",
        container_base=container_audit.base(directory),
    )


@pytest.fixture(scope="module")
def foreseen(audit: Audit) -> dict[str, Any]:
    return audit.run("--check")["target"]


@pytest.fixture(scope="module")
def record(audit: Audit, foreseen: dict[str, Any]) -> dict[str, Any]:
    return audit.run()["target"]


def test_check_mode_says_what_it_would_do_and_touches_nothing(
    foreseen: dict[str, Any], host: Host, before: dict[str, set[str]]
) -> None:
    (attempt,) = foreseen["attempts"]
    assert attempt["ok"] is None and attempt["changed"] is True
    assert attempt["foreseen"]["ship_bytes"] > 50_000_000 and " MB" in attempt["message"]


def test_native_by_the_hosts_own_podman(record: dict[str, Any], host: Host) -> None:
    assert record["state"] == "native", (record["because"], record["attempts"], record["verification"])
    assert record["decision"]["provider"] == "container"
    runtime = record["setting"]["after"]["runtime"]
    assert runtime["kind"] == "container" and runtime["env"] == {}
    digest = Path(runtime["prefix"]).name
    assert f"localhost/faiss-fleet/container:{digest}" in host.sh("podman images --format '{{.Repository}}:{{.Tag}}'")
    said = host.sh(f"echo 'import faiss; print(faiss.__version__)' | {runtime['argv'][0]} -")
    assert said.strip().startswith("1.")


def test_nothing_that_was_shipped_stays_beside_the_image(record: dict[str, Any], host: Host) -> None:
    assert host.sh("find / -xdev -name '*.tar*' -size +1M -not -path '/proc/*' | head").strip() == ""
    assert host.sh("find /root/.ansible -name 'image*' 2>/dev/null || true").strip() == ""


def test_a_second_run_changes_nothing(record: dict[str, Any], audit: Audit) -> None:
    again = audit.run()["target"]
    assert again["state"] == "native"
    assert [attempt["changed"] for attempt in again["attempts"]] == [False]
    assert again["setting"]["changed"] is False


def test_a_limit_of_the_inventory_makes_another_prefix_of_the_same_image(
    record: dict[str, Any], audit: Audit, host: Host
) -> None:
    again = audit.run(container_pids=64)["target"]
    assert again["state"] == "native"
    assert again["setting"]["after"]["runtime"]["prefix"] != record["setting"]["after"]["runtime"]["prefix"]
    assert len(set(host.sh("podman images --quiet").split())) == 1
    names = host.sh("podman images --format '{{.Repository}}:{{.Tag}}'").split()
    assert len(names) == 2
    # Back to the setting before: one name goes with its prefix, the image stays for the other.
    said = audit.playbook("rollback.yml")
    assert "the image stays for localhost/faiss-fleet/container:" in said
    assert len(set(host.sh("podman images --quiet").split())) == 1


def test_rollback_leaves_the_host_as_it_was_found(
    record: dict[str, Any], audit: Audit, host: Host, before: dict[str, set[str]]
) -> None:
    audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    assert host.state() == before
    assert host.sh("ls -A /var/lib/containers/storage/vfs/dir").strip() == ""


def test_a_host_whose_engine_cannot_start_is_told_what_it_lacks(
    audit: Audit, host: Host, before: dict[str, set[str]]
) -> None:
    host.sh("mv /usr/bin/conmon /usr/bin/conmon.away")
    try:
        found = audit.run()["target"]
    finally:
        host.sh("mv /usr/bin/conmon.away /usr/bin/conmon")
    (candidate,) = found["plan"]
    assert candidate["verdict"] == "blocked"
    (reason,) = candidate["reasons"]
    assert reason["cause"] == "engine_missing" and "conmon is not installed" in reason["text"]
    assert found["attempts"] == []
    audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")


def test_an_engine_that_refuses_at_the_start_is_a_finding(
    audit: Audit, host: Host, before: dict[str, set[str]]
) -> None:
    conf = "/etc/containers/containers.conf"
    host.sh(f"cp {conf} /tmp/kept && sed -i 's/^runtime = .*/runtime = \"nothing\"/' {conf}")
    try:
        found = audit.run()["target"]
    finally:
        host.sh(f"cp /tmp/kept {conf}")
    assert found["state"] == "fallback"
    (attempt,) = found["attempts"]
    assert attempt["ok"] is False and attempt["remedy"] and "nothing" in attempt["message"]
    audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")
    assert host.state() == before
