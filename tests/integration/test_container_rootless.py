# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""audit.yml as a plain user without become: podman without root, everything in that user's home, and back again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from images.standins import engine
from tests import container_audit, docker_engine, engine_target
from tests.container_audit import ROOT, Audit
from tests.engine_target import Host

pytestmark = pytest.mark.slow

DOCKER = "/opt/docker"


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """A host whose user search may have other users within containers; bare may not, and narrow a single one."""
    programs = docker_engine.programs("bookworm")
    with engine_target.started(f"--volume={programs}:{DOCKER}:ro") as container:
        Host(container).sh(
            "podman info >/dev/null; for name in search bare narrow; do useradd --create-home $name; done;"
            "sed -i -e /^bare:/d -e '/^narrow:/s/.*/narrow:900000:1/' /etc/subuid /etc/subgid"
        )
        engine.podman("cp", ROOT / "loaders/python/faiss_fleet_loader", f"{container}:/srv/")
        for name in ("search", "bare", "narrow"):
            # podman makes its directories in a home when it is first asked.
            Host(container, name).own("podman info >/dev/null")
        yield container


@pytest.fixture(scope="module")
def host(target: str) -> Host:
    return Host(target, "search")


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, set[str]]:
    return host.state()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The base and the cache: the image is built once for all users."""
    directory = tmp_path_factory.mktemp("shared")
    return {"container_base": container_audit.base(directory), "cache": str(directory / "cache")}


def audit_of(found: Host, directory: Path, shared: dict[str, Any]) -> Audit:
    """No become anywhere; the prefix and the setting are in the user's home."""
    home = f"/home/{found.user}"
    place = {
        "faiss_install__prefix": f"{home}/faiss-fleet",
        "vector_backend__path": f"{home}/settings/backend.json",
        "ansible_become": False,
    }
    hosts = {"target": {**found.connection(), **place}}
    return Audit(directory, hosts, dict(os.environ), container_source="build", **shared)


@pytest.fixture(scope="module")
def audit(
    tmp_path_factory: pytest.TempPathFactory, host: Host, before: dict[str, set[str]], shared: dict[str, Any]
) -> Audit:
    return audit_of(host, tmp_path_factory.mktemp("rootless"), shared)


@pytest.fixture(scope="module")
def record(audit: Audit) -> dict[str, Any]:
    return audit.run()["target"]


def back(audit: Audit) -> str:
    return audit.playbook("rollback.yml", "-e", "vector_backend__rollback_to=found")


def test_native_by_podman_without_root(record: dict[str, Any], host: Host) -> None:
    assert record["state"] == "native", (record["because"], record["attempts"], record["verification"])
    assert record["facts"]["user"] == "search"
    (found,) = record["facts"]["engines"]
    assert (found["name"], found["answers"], found["rootless"]) == ("podman", True, True)
    assert record["decision"]["provider"] == "container"
    prefix = record["setting"]["after"]["runtime"]["prefix"]
    assert prefix.startswith("/home/search/faiss-fleet/container/")
    names = "podman images --format '{{.Repository}}:{{.Tag}}'"
    ours = f"localhost/faiss-fleet/container:{Path(prefix).name}"
    assert host.own(names).split() == [ours]
    # root's store on the same host knows nothing of it.
    assert host.sh(names).split() == []
    owners = host.sh("find /home/search -xdev -not -path '*/containers/storage/*' -printf '%u\\n' | sort -u")
    assert owners.split() == ["search"]


def test_the_process_is_the_user_and_can_do_nothing_else(record: dict[str, Any], host: Host) -> None:
    argv = record["setting"]["after"]["runtime"]["argv"]
    program = (
        "import os, socket; status = dict(l.split(':', 1) for l in open('/proc/self/status')); "
        "print(os.getuid(), open('/proc/self/uid_map').readline().split()[1], int(status['CapEff'], 16), "
        "int(status['CapBnd'], 16), status['NoNewPrivs'].strip(), socket.if_nameindex()); "
        "open('/opt/probe', 'w')"
    )
    said = host.own(f'{argv[0]} -c "{program}" 2>&1 || true')
    # root within is uid 1000 outside. Under cgroups v1 podman says that it cannot set limits, besides.
    assert "0 1000 0 0 1 [(1, 'lo')]" in said.splitlines()
    assert "Read-only file system: '/opt/probe'" in said


APPLICATION = """
import json, sys
sys.path.insert(0, '/srv')
from faiss_fleet_loader import VectorStorage
store = VectorStorage('l2', setting=sys.argv[1], fallback=False, in_process=False)
vectors = [[float(row), float(row % 3), 1.0] for row in range(50)]
store.add(list(range(50)), vectors)
print(json.dumps([store.backend, [hit[0] for hit in store.search(vectors[7], 1)]]))
store.close()
"""


def test_the_users_application_searches_through_the_loader(record: dict[str, Any], host: Host) -> None:
    said = host.own(f'cd; PYTHONDONTWRITEBYTECODE=1 python3 -c "{APPLICATION}" {record["setting"]["path"]}')
    assert json.loads(said) == ["worker", [7]]


def test_a_second_run_changes_nothing(record: dict[str, Any], audit: Audit, host: Host) -> None:
    state = host.state()
    assert "changed=0" in audit.playbook("audit.yml")
    assert host.state() == state


def test_rollback_leaves_home_and_images_as_they_were(
    record: dict[str, Any], audit: Audit, host: Host, before: dict[str, set[str]]
) -> None:
    assert "its image is removed" in back(audit)
    assert host.state() == before
    assert host.own("ls -A ~/.local/share/containers/storage/vfs/dir").strip() == ""
    assert "changed=0" in back(audit)


# --- a user who may not


@pytest.fixture(scope="module")
def bare(target: str) -> Host:
    return Host(target, "bare")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, bare: Host, shared: dict[str, Any]) -> Audit:
    return audit_of(bare, tmp_path_factory.mktemp("bare"), shared)


def test_a_user_without_subordinate_ids_is_told_before_anything_is_shipped(refused: Audit, bare: Host) -> None:
    state = bare.state()
    found = refused.run()["target"]
    (candidate,) = found["plan"]
    assert candidate["verdict"] == "blocked"
    (reason,) = candidate["reasons"]
    assert reason["cause"] == "podman_userns" and "/etc/subuid has no entry for bare" in reason["text"]
    assert "--add-subuids" in candidate["remedy"]
    assert found["attempts"] == [] and found["state"] == "fallback"
    back(refused)
    assert bare.state() == state


def test_a_blocked_engine_that_is_tried_all_the_same_keeps_its_cause(refused: Audit, bare: Host) -> None:
    state = bare.state()
    found = refused.run(try_blocked=True)["target"]
    (attempt,) = found["attempts"]
    assert (attempt["ok"], attempt["cause"]) == (False, "podman_userns"), attempt
    assert "/etc/subuid has no entry for bare" in attempt["message"] and "--add-subuids" in attempt["remedy"]
    back(refused)
    assert bare.state() == state


def test_too_few_subordinate_ids_are_podmans_own_words_and_nothing_is_left(
    target: str, tmp_path: Path, shared: dict[str, Any]
) -> None:
    """The plan sees a line and takes it for enough; podman finds a file of the image that belongs to another group."""
    narrow = Host(target, "narrow")
    state, audit = narrow.state(), audit_of(narrow, tmp_path, shared)
    found = audit.run()["target"]
    assert found["state"] == "fallback" and found["plan"][0]["verdict"] == "possible"
    (attempt,) = found["attempts"]
    assert (attempt["ok"], attempt["cause"]) == (False, "podman_userns"), attempt
    assert "insufficient UIDs or GIDs" in attempt["message"] and "--add-subuids" in attempt["remedy"]
    assert narrow.own("ls -A ~/.local/share/containers/storage/vfs/dir; find ~ -xdev -name '*.tar*'").strip() == ""
    back(audit)
    assert narrow.state() == state


# --- two engines, of which one answers


def engines(record: dict[str, Any]) -> dict[str, bool]:
    return {found["name"]: found["answers"] for found in record["facts"]["engines"]}


def test_a_docker_without_its_daemon_does_not_keep_podman_from_it(
    record: dict[str, Any], audit: Audit, host: Host, before: dict[str, set[str]]
) -> None:
    host.sh(f"ln -s {DOCKER}/docker /usr/local/bin/docker")
    try:
        found = audit.run()["target"]
        assert engines(found) == {"podman": True, "docker": False}
        assert found["state"] == "native" and found["attempts"][0]["candidate"].endswith(":podman")
        back(audit)
    finally:
        host.sh("rm /usr/local/bin/docker")
    assert host.state() == before


def test_a_podman_that_cannot_start_does_not_keep_docker_from_it(
    refused: Audit, bare: Host, record: dict[str, Any]
) -> None:
    """bare has no podman for want of subordinate ids, and is in the group docker."""
    state = bare.state()
    flags = "--iptables=false --ip6tables=false --bridge=none --storage-driver=vfs --data-root=/tmp/docker"
    bare.sh(
        f"groupadd docker && usermod -aG docker bare && ln -s {DOCKER}/docker /usr/local/bin/docker && "
        f"{{ PATH={DOCKER}:$PATH LD_LIBRARY_PATH={DOCKER} nohup dockerd {flags} >/tmp/dockerd.log 2>&1 </dev/null & }};"
        " for i in $(seq 300); do [ -S /var/run/docker.sock ] && exit 0; sleep 0.1; done;"
        " cat /tmp/dockerd.log >&2; exit 1"
    )
    try:
        found = refused.run()["target"]
        assert engines(found) == {"podman": False, "docker": True}
        assert found["state"] == "native", (found["because"], found["attempts"])
        assert found["attempts"][0]["candidate"].endswith(":docker")
        names = "docker images --format '{{.Repository}}'"
        assert bare.own(names).split() == ["localhost/faiss-fleet/container"]
        assert "its image is removed" in back(refused)
        assert bare.own(names).split() == []
    finally:
        bare.sh(
            "kill $(cat /var/run/docker.pid); while [ -e /var/run/docker.pid ]; do sleep 0.1; done; "
            "rm -rf /usr/local/bin/docker /tmp/docker; gpasswd -d bare docker; groupdel docker"
        )
    after = bare.state()
    homes = [{path for path in one["files"] if path.startswith("/home")} for one in (state, after)]
    assert homes[0] == homes[1] and after["images"] == state["images"]
