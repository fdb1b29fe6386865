# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A prebuilt faiss-node whose archive the inventory names: what its files need is read before it is trusted, then "
"packed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...artefacts import cache, class_work
from ...artefacts.named_file import NamedFile
from ...artefacts.packing import Packed
from ...errors import FleetError
from ...target import errors as target_errors
from ...target.elf import needs
from ...target.elf import reader as elf
from ..base import Options
from . import build, recipe, unpacking
from . import inputs as addon_inputs

VARIABLE = "faiss_install__faiss_node_prebuilt"
PARTS = ("bindings", "faiss-node", "file-uri-to-path")


@dataclass(frozen=True)
class Prebuilt:
    """archive and its sha256; needs and bundled as needs.py has them."""

    archive: Path
    sha256: str
    needs: tuple[dict[str, Any], ...]
    bundled: tuple[str, ...]
    unpacked_bytes: int


def from_options(options: Options) -> Prebuilt | None:
    """The one that the inventory names; None when it names none. Raises FleetError for one that cannot be used."""
    named = NamedFile.of(options.extra.get(VARIABLE), VARIABLE)
    if named is None:
        return None
    note = options.cache / "addon" / "prebuilt" / f"{named.sha256}.json"
    kept = cache.read_json(note)
    if not isinstance(kept, dict) or kept.get("stamp") != named.stamp or "needs" not in kept:
        named.check()
        kept = {**_inspected(named.path), "stamp": named.stamp}
        cache.write_json(note, kept)
    needed, bundled = tuple(kept["needs"]), tuple(kept["bundled"])
    return Prebuilt(named.path, named.sha256, needed, bundled, int(kept["unpacked_bytes"]))


def _inspected(path: Path) -> dict[str, Any]:
    with cache.temporary("unpack") as place:
        tree = unpacking.tar(path, place / "tree", path.name, top=False)
        release = tree / "build" / "Release"
        paths = [found for found in sorted(release.rglob("*")) if found.is_file() and _is_elf(found)]
        if release / recipe.BINARY not in paths:
            raise FleetError(
                f"{path} holds no build/Release/{recipe.BINARY}, so it is no prebuilt faiss-node.",
                cause="corrupt_artefact",
            )
        try:
            files = {found.name: elf.read(str(found)) for found in paths}
        except target_errors.AuditError as exc:
            raise FleetError(f"{path} cannot be used as a prebuilt faiss-node: {exc}", "corrupt_artefact") from exc
        size = sum(found.stat().st_size for found in tree.rglob("*") if found.is_file())
    return {"needs": needs.of_files(files), "bundled": needs.bundled(files), "unpacked_bytes": size}


def _is_elf(path: Path) -> bool:
    with path.open("rb") as handle:
        return bool(elf.is_elf(handle.read(4)))


def artefact(prebuilt: Prebuilt, options: Options) -> tuple[Packed, dict[str, Any]]:
    """The prefix with the prebuilt's files in faiss-node's package, and its lock."""
    inputs = {key: item for key, item in addon_inputs.load(options).items() if key in PARTS}
    packages = [inputs[key].locked() for key in PARTS]
    lock = {"packages": packages, "prebuilt": {"file": prebuilt.archive.name, "sha256": prebuilt.sha256}}

    def stage(place: Path) -> None:
        tree = place / "tree"
        files = addon_inputs.fetch_all(inputs, options, build.runner_for(lock, options))
        for key in PARTS:
            unpacking.tar(files[key], tree / "node_modules" / key, files[key].name)
        unpacking.tar(prebuilt.archive, tree / build.PACKAGE, prebuilt.archive.name, top=False)
        note = {"faiss_node": inputs["faiss-node"].version, "prebuilt": prebuilt.archive.name}
        (tree / build.PACKAGE / build.NOTE).write_text(json.dumps(note) + "\n", encoding="utf-8")

    return class_work.packed(build.STRATEGY, lock, options, stage), lock
