# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Registries are asked by tools of the controller."""

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import (
    options as container_options,
)
from faiss_fleet.strategies.container import (
    registry as container_registry,
)
from tests.unit.faiss_fleet.strategies.container.images import tool


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
