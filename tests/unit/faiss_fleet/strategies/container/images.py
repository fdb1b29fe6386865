# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Engines, facts, options and small images for the tests of this strategy."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.container import strategy as container
from faiss_fleet.strategies.container.archive import Image

DIGEST = "sha256:" + "ab" * 32


PINNED = f"registry.example/team/faiss@{DIGEST}"


PODMAN = {
    "name": "podman",
    "path": "/usr/bin/podman",
    "version": "4.3.1",
    "answers": True,
    "rootless": False,
    "error": None,
}


DOCKER = {
    "name": "docker",
    "path": "/usr/bin/docker",
    "version": "20.10.24",
    "answers": True,
    "rootless": None,
    "error": None,
}


def facts(*engines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "method": "module",
        "arch": "x86_64",
        "kernel": "3.10.0-1160.119.1.el7.x86_64",
        "libc": {"family": "glibc", "version": "2.17"},
        "cpu": {"isa_level": "x86-64-v3"},
        "engines": list(engines),
        "filesystems": [
            {"purpose": "prefix", "path": "/opt", "free_bytes": 10**10, "noexec": False, "read_only": False}
        ],
        "prefixes": [],
        "user": "root",
        **more,
    }


def options(tmp_path: Path = Path("/nonexistent"), **given: Any) -> Options:
    given = given or {"image": PINNED}
    extra = {f"faiss_install__container_{name}": value for name, value in given.items()}
    return Options(cache=tmp_path / "cache", extra=extra)


def planned(found: dict[str, Any], chosen: Options | None = None) -> Any:
    (candidate,) = container.STRATEGY.plan(found, chosen or options())
    return candidate


def causes_of(candidate: Any) -> list[str]:
    return [reason["cause"] for reason in candidate["reasons"]]


def layer(directory: Path, name: str, files: dict[str, Any]) -> Path:
    """A tar; a value that is a tuple is a link."""
    path = directory / name
    with tarfile.open(path, "w") as tar:
        for file, data in files.items():
            member = tarfile.TarInfo(file)
            if isinstance(data, tuple):
                member.type, member.linkname = tarfile.SYMTYPE, data[0]
                tar.addfile(member)
            else:
                member.size, member.mode = len(data), 0o755
                tar.addfile(member, io.BytesIO(data))
    return path


def image(directory: Path, *layers: Path, arch: str | None = "amd64") -> Image:
    diff_ids = ["sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() for path in layers]
    about = {"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}, "config": {}}
    return Image(json.dumps(about).encode(), layers)


def tool(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
