# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds an image from a base and wheels by putting a layer on top: no engine, no network and no root is needed for it.

The same base and the same wheels give the same image, byte for byte, so its id is known before a host sees it.
"""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any

from ...artefacts import cache, class_work, packing
from ...artefacts.named_file import NamedFile
from ...artefacts.packing import MTIME
from ...errors import FleetError
from ..base import Artefact, Options
from ..wheel import lock as wheel_lock
from . import archive as container_archive
from . import base_image as container_base
from . import registry as container_registry
from .archive import ARCHITECTURES, Image
from .options import ContainerOptions, Reference

# Where the wheels are in the image.
DIRECTORY = "opt/faiss-fleet"
CREATED = "2000-01-01T00:00:00Z"
SYSTEM_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def key_of(base: Reference | NamedFile) -> str:
    """What a base is called in the cache: by its content."""
    return base.sha256 if isinstance(base, NamedFile) else str(base.digest).partition(":")[2]


def load(base: Reference | NamedFile, options: Options, directory: Path) -> Image:
    """The base's configuration and its layers, in ``directory``. A registry is asked once, and the cache keeps it."""
    if isinstance(base, NamedFile):
        base.check()
        path = base.path
    else:
        path = options.cache / "images" / f"{key_of(base)}.tar"
        if not path.is_file():
            if options.offline:
                remedy = "Run once with the registry at hand, or name the base as a file."
                text = f"faiss_install__offline is set, and the cache has no copy of {base}. {remedy}"
                raise FleetError(text, "unreachable", remedy)
            path.parent.mkdir(parents=True, exist_ok=True)
            container_registry.fetch(base, directory / "fetched.tar")
            (directory / "fetched.tar").replace(path)
    return container_archive.read(path, directory) or _from_root(path, directory)


def _from_root(path: Path, directory: Path) -> Image:
    layer = directory / "layer-0.tar"
    diff_id = container_archive.root_layer(path, layer)
    about = {"os": "linux", "config": {"Env": [SYSTEM_PATH]}, "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    return Image(cache.canonical(about), (layer,))


def inspected(wanted: ContainerOptions, options: Options, now: bool) -> dict[str, Any] | None:
    """The base as facts; None when it would have to be fetched first and ``now`` is false."""
    base = wanted.base
    assert base is not None
    note = (
        options.cache
        / "images"
        / f"{key_of(base)}-{cache.digest([container_base.LOOKED_AT.pattern, wanted.python])[:8]}.json"
    )
    with class_work.once(note, options):
        kept = cache.read_json(note)
        if isinstance(kept, dict) and (isinstance(base, Reference) or kept.get("stamp") == base.stamp):
            return {name: value for name, value in kept.items() if name != "stamp"}
        if isinstance(base, Reference) and not now:
            return None
        with cache.scratch(note.parent, "look") as place:
            image = load(base, options, place)
            found = container_base.inspect(image.layers, place, wanted.python, _name(base))
        cache.write_json(note, {**found, "stamp": base.stamp if isinstance(base, NamedFile) else None})
    return found


def _name(base: Reference | NamedFile) -> str:
    return str(base) if isinstance(base, Reference) else str(base.path)


def build(base: Image, inside: dict[str, Any], wheels: Artefact, directory: Path) -> Image:
    """The base with the wheels' packages on top, where its Python finds them."""
    layer = directory / "layer-faiss.tar"
    try:
        with open(layer, "wb") as out:
            _layer(wheels.archive, out)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as exc:
        packing.discard(wheels.archive)
        remedy = "Run again: it is made again."
        text = f"{wheels.archive} in the controller's cache was damaged ({exc}), and is removed. {remedy}"
        raise FleetError(text, "corrupt_artefact", remedy) from exc
    return Image(_config(base, inside, f"sha256:{cache.sha256(layer)}"), (*base.layers, layer))


def _layer(archive: Path, out: IO[bytes]) -> None:
    """The packages of a packed prefix under DIRECTORY, in their order and with their dates."""
    with (
        gzip.open(archive) as source,
        tarfile.open(fileobj=source, mode="r|") as tar,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as layer,
    ):
        for path in ("opt", DIRECTORY):
            parent = tarfile.TarInfo(path)
            parent.type, parent.mode, parent.mtime = tarfile.DIRTYPE, 0o755, MTIME
            layer.addfile(parent)
        for member in tar:
            if member.name == wheel_lock.SITE or member.name.startswith(wheel_lock.SITE + "/"):
                handle = tar.extractfile(member) if member.isreg() else None
                member.name = f"{DIRECTORY}/{member.name}"
                layer.addfile(member, handle)


def _config(base: Image, inside: dict[str, Any], diff_id: str) -> bytes:
    about = json.loads(base.config)
    within = about.get("config") or {}
    env = [entry for entry in within.get("Env") or [SYSTEM_PATH] if not entry.startswith("PYTHON")]
    names = {arch: name for name, arch in ARCHITECTURES.items()}
    made = {
        "architecture": about.get("architecture") or names.get(inside["arch"], inside["arch"]),
        "os": about.get("os") or "linux",
        "created": CREATED,
        "config": {"Env": [*env, f"PYTHONPATH=/{DIRECTORY}/{wheel_lock.SITE}"], "Labels": within.get("Labels") or {}},
        "rootfs": {"type": "layers", "diff_ids": [*about["rootfs"]["diff_ids"], diff_id]},
    }
    if about.get("variant"):
        made["variant"] = about["variant"]
    made["history"] = [{"created": CREATED, "created_by": "faiss-fleet"} for _ in made["rootfs"]["diff_ids"]]
    return cache.canonical(made)
