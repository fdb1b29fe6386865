# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A base image is read without an engine, and is never written through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.container import base_image as container_base
from tests.unit.faiss_fleet.strategies.container.images import DIGEST, PODMAN, facts, layer, options, planned


def test_later_layers_hide_and_replace_earlier_ones(tmp_path):
    first = layer(
        tmp_path,
        "1.tar",
        {
            "lib": ("usr/lib",),
            "usr/bin/python3": ("python3.9",),
            "usr/bin/python3.9": b"old",
            "usr/bin/python3.8": b"older",
            "usr/lib/libc.so.6": b"c",
            "usr/share/big": b"x" * 1000,
        },
    )
    second = layer(
        tmp_path,
        "2.tar",
        {
            "usr/bin/.wh.python3.8": b"",
            "usr/bin/python3.11": b"new",
            "usr/bin/python3": ("python3.11",),
        },
    )
    root = tmp_path / "root"
    root.mkdir()
    container_base.lay([first, second], root)
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()) == [
        "usr/bin/python3",
        "usr/bin/python3.11",
        "usr/bin/python3.9",
        "usr/lib/libc.so.6",
    ]
    assert (root / "usr/bin/python3").read_bytes() == b"new"
    assert (root / "lib").is_symlink()


def test_no_layer_writes_outside_of_the_directory(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    first = layer(tmp_path, "1.tar", {"usr": (str(outside),), "../bin/python3": b"x"})
    second = layer(tmp_path, "2.tar", {"usr/bin/python3": b"x"})
    (tmp_path / "look").mkdir()
    with pytest.raises(FleetError, match="behind a link"):
        (tmp_path / "look").rmdir()
        container_base.inspect([first, second], tmp_path, "python3", "base")
    assert list(outside.iterdir()) == [] and not (tmp_path / "bin").exists()


def test_a_base_without_python_is_told(tmp_path):
    with pytest.raises(FleetError, match="has no python3") as refused:
        container_base.inspect([layer(tmp_path, "1.tar", {"etc/os-release": b""})], tmp_path, "python3", "base")
    assert refused.value.cause == "python_missing"


def test_this_very_system_is_read_like_an_image(tmp_path):
    """Its C library and a Python of it, in a layer: what the strategy would find in a base of the same files."""
    libc = next(Path("/lib").glob("*-linux-gnu/libc.so.6"))
    shell = Path("/bin/sh").resolve()
    files = {str(libc).lstrip("/"): libc.read_bytes(), "usr/bin/python3.11": shell.read_bytes()}
    path = layer(tmp_path, "1.tar", {**files, "usr/bin/python3": ("python3.11",)})
    found = container_base.inspect([path], tmp_path, "python3", "base")
    assert found["libc"] == {"family": "glibc", "version": os.confstr("CS_GNU_LIBC_VERSION").split()[1]}
    assert found["pythons"][0]["version"] == "3.11" and found["pythons"][0]["path"] == "/usr/bin/python3"
    assert all(found[name]["path"] is None for name, _ in container_base.glibc.LIBRARIES)
    assert found["libgomp"] == {"path": None, "versions": {}, "error": None}


def test_a_base_in_a_registry_is_not_fetched_for_a_plan(tmp_path):
    given = {"image": f"registry.example/debian@{DIGEST}"}
    candidate = planned(facts(PODMAN), options(tmp_path, source="build", base=given))
    assert candidate["verdict"] == "possible" and "when it is tried" in candidate["note"]
