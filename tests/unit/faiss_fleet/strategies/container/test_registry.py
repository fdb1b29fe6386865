# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Registries are asked by tools of the controller."""

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import options as container_options
from faiss_fleet.strategies.container import registry as container_registry
from tests.unit.faiss_fleet.strategies.container.images import DIGEST, tool


def test_a_controller_without_tools_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="neither skopeo nor podman") as refused:
        container_registry.digest_of(container_options.reference("registry.example/team/faiss:1", "x"))
    assert refused.value.cause == "command_missing" and "source archive" in refused.value.remedy


@pytest.mark.parametrize(
    "said, cause",
    [
        ("cannot find mappings for user: no subuid ranges found for user in /etc/subuid", "podman_userns"),
        ("toomanyrequests: You have reached your pull rate limit", "image_rate_limit"),
        ("reading manifest 1 in registry.example/team/faiss: manifest unknown", "image_missing"),
        ("x509: certificate signed by unknown authority https://me:s3cret@proxy/", "tls"),
    ],
)
def test_what_a_registry_says_becomes_a_cause_without_secrets(tmp_path, monkeypatch, said, cause):
    tool(tmp_path, "skopeo", f"echo 'FATA[0000] {said}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FleetError) as refused:
        container_registry.digest_of(container_options.reference("registry.example/team/faiss:1", "x"))
    assert refused.value.cause == cause and refused.value.remedy
    assert refused.value.fault == ("inventory" if cause == "image_missing" else "controller")
    assert "s3cret" not in str(refused.value)


def test_a_podman_that_hangs_is_no_traceback(tmp_path, monkeypatch):
    tool(tmp_path, "podman", 'case "$2" in exists) exec sleep 30 ;; esac; echo refused >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(container_registry, "ASKING_SECONDS", 0.3)
    with pytest.raises(FleetError, match="failed on the controller: refused"):
        container_registry.digest_of(container_options.reference("registry.example/team/faiss:1", "x"))


@pytest.mark.parametrize("other", ["", "registry.example/team/faiss@sha256:" + "cd" * 32])
def test_a_digest_that_podman_has_of_an_archive_is_not_taken_for_the_registrys(tmp_path, monkeypatch, other):
    name = "registry.example/team/faiss"
    asked = tmp_path / "asked"
    tool(
        tmp_path,
        "podman",
        f"""echo "$@" >> {asked}
case "$1 $2" in
'image exists') exit 1 ;;
'image inspect') printf '%s\\n' {other} localhost/built@sha256:{"ef" * 32} {name}@{DIGEST} ;;
'pull --quiet') case $3 in {other or "none"}) echo 'manifest unknown' >&2; exit 125 ;; esac ;;
esac""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(container_registry, "_tool", lambda: ("podman", str(tmp_path / "podman")))
    assert container_registry.digest_of(container_options.reference(f"{name}:1", "x")) == DIGEST
    # One that is alone is believed; what was fetched to ask goes again.
    assert [line.startswith("pull") for line in asked.read_text().splitlines()].count(True) == (3 if other else 1)
    assert asked.read_text().splitlines()[-1] == f"rmi {name}:1"
