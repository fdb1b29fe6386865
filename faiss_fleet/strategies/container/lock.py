# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From options and a class of hosts to what is shipped: the image's archive, and a prefix that starts it.

An image is made ready once and kept by its content. The lock names it by its id, or by its digest in a registry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...artefacts import cache, class_work, packing
from ...errors import FleetError
from ..base import Artefact, Facts, Options, Runtime, Step
from . import archive as container_archive
from . import build as container_build
from . import options as container_options
from . import registry as container_registry
from . import wrapper
from .options import STRATEGY, ContainerOptions, Reference
from .wrapper import Engine

# Of what a prefix holds; a new layout is a new digest.
LAYOUT = 1
# Of the archive of an image in the cache.
ARCHIVE_LAYOUT = 2
MODULE = "faiss_container"
RUNTIME_ARGV = ["{prefix}/" + wrapper.PROGRAM]


@dataclass(frozen=True)
class Ready:
    """An image in the cache: its archive with sha256, its ids, its architecture, and what it takes unpacked."""

    archive: Path
    sha256: str
    id: str
    manifest_id: str
    arch: str | None
    unpacked_bytes: int

    def known_to(self, engine: Engine) -> str:
        """Its id in that engine's store."""
        return self.manifest_id if engine.store == "containerd" else self.id


def runtime(engine: Engine) -> Runtime:
    """The same engine answers the application as answered the audit: its environment goes along."""
    return Runtime(kind="container", argv=list(RUNTIME_ARGV), env=dict(engine.environment), prefix=None)


def artefact(facts: Facts, options: Options, engine: Engine, wheels: Artefact | None) -> Artefact:
    """The packed prefix, with the step that brings the image. wheels: what a build puts into its base."""
    wanted = container_options.from_options(options)
    ready = None
    packages: list[dict[str, Any]] = []
    if wanted.source == "registry":
        assert wanted.image is not None
        image: dict[str, Any] = {"reference": pinned(wanted.image, options).pinned}
        python = wanted.python
    elif wanted.source == "archive":
        ready, python = _given(wanted, options), wanted.python
        image = {"id": ready.known_to(engine)}
    else:
        assert wheels is not None
        packages = wheels.lock["packages"]
        ready, python = _built(wanted, options, wheels)
        image = {"id": ready.known_to(engine), "base": _base_name(wanted)}
    if ready:
        check_arch(ready.arch, facts)
    lock = {
        "layout": LAYOUT,
        "source": wanted.source,
        "image": image,
        "engine": {"name": engine.name, "path": engine.path},
        "packages": packages,
        "program": _program(engine, image, python, wanted),
    }
    made = class_work.packed(STRATEGY, lock, options, lambda place: _stage(lock, place)).artefact(runtime(engine), lock)
    step = Step(MODULE, _arguments(ready, image, engine), ready.archive if ready else None)
    return replace(made, step=step, given=wanted.source != "build")


def check_arch(arch: str | None, facts: Facts) -> None:
    """Raises FleetError for an image that is known to be for other hosts: on this one it rules the strategy out."""
    if arch and arch != facts["arch"]:
        remedy = f"Name one for {facts['arch']} to such hosts."
        raise FleetError(
            f"The image is for {arch}, and this host is {facts['arch']}. {remedy}", "arch_mismatch", remedy
        )


def given_arch(wanted: ContainerOptions, options: Options) -> str | None:
    """For which processor the inventory's archive is, by a look into it, once; None when it does not tell."""
    archive = wanted.archive
    assert archive is not None
    path = options.cache / "locks" / f"{STRATEGY}-arch-{archive.sha256[:32]}.json"
    with class_work.once(path, options):
        kept = cache.read_json(path)
        if not isinstance(kept, dict) or "arch" not in kept:
            archive.check()
            kept = {"arch": container_archive.architecture(archive.path)}
            cache.write_json(path, kept)
    return str(kept["arch"]) if kept["arch"] else None


def _program(engine: Engine, image: dict[str, Any], python: str, wanted: ContainerOptions) -> str:
    named = image.get("id") or image["reference"]
    return wrapper.text(engine, named, f"image {named[:80]}", python, wanted.memory_mb, wanted.pids)


def _arguments(ready: Ready | None, image: dict[str, Any], engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = {"engine": engine.path, **{name: image.get(name) for name in ("id", "reference")}}
    if ready:
        found.update(sha256=ready.sha256, min_free_bytes=ready.unpacked_bytes)
    return {name: value for name, value in found.items() if value is not None}


def _stage(lock: dict[str, Any], place: Path) -> None:
    program = place / "tree" / wrapper.PROGRAM
    program.parent.mkdir(parents=True)
    program.write_text(lock["program"], encoding="utf-8")
    program.chmod(0o755)


def pinned(image: Reference, options: Options, now: Callable[[], float] = time.time) -> Reference:
    """The same image with its digest: asked of the registry once, and kept while the lock is not too old."""
    if image.digest:
        return image
    path = options.cache / "locks" / f"{STRATEGY}-{cache.digest(str(image))[:32]}.json"
    with class_work.once(path, options):
        kept = cache.read_json(path)
        hours = float(options.extra.get("faiss_install__lock_max_age_hours") or 0)
        known = isinstance(kept, dict) and re.fullmatch(r"sha256:[0-9a-f]{64}", str(kept.get("digest"))) is not None
        at = kept.get("resolved_at") if isinstance(kept, dict) else None
        fresh = known and (not hours or (isinstance(at, int | float) and 0 <= now() - at < hours * 3600))
        if not fresh and not options.offline:
            kept = {"resolved_at": now(), "for": str(image), "digest": container_registry.digest_of(image)}
            cache.write_json(path, kept)
        if not isinstance(kept, dict) or not (known or fresh or not options.offline):
            remedy = f"Name {image.name}@sha256:... with its digest, or run once with the registry at hand."
            raise FleetError(
                f"faiss_install__offline is set, and the digest of {image} is not known. {remedy}",
                "unreachable",
                remedy,
            )
    return Reference(image.name, image.tag, kept["digest"])


def _given(wanted: ContainerOptions, options: Options) -> Ready:
    """The inventory's archive, as every engine can load it."""
    archive = wanted.archive
    assert archive is not None

    def make(directory: Path) -> container_archive.Image:
        archive.check()
        image = container_archive.read(archive.path, directory)
        if image is None:
            remedy = "A root file system is a base: name it in faiss_install__container_base, with the source build."
            raise FleetError(
                f"{archive.path} is neither a docker nor an OCI archive. {remedy}", "corrupt_artefact", remedy
            )
        return image

    return _ready([ARCHIVE_LAYOUT, archive.sha256], options, make)


def _built(wanted: ContainerOptions, options: Options, wheels: Artefact) -> tuple[Ready, str]:
    base = wanted.base
    inside = container_build.inspected(wanted, options, now=True)
    assert base is not None and inside is not None

    def make(directory: Path) -> container_archive.Image:
        return container_build.build(container_build.load(base, options, directory), inside, wheels, directory)

    ready = _ready([ARCHIVE_LAYOUT, container_build.key_of(base), wheels.digest], options, make)
    return ready, str(inside["pythons"][0]["path"])


def _base_name(wanted: ContainerOptions) -> str:
    return wanted.base.pinned if isinstance(wanted.base, Reference) else f"sha256:{wanted.base.sha256}"  # type: ignore[union-attr]


def image_path(made_of: list[Any], options: Options) -> Path:
    """Where the image that is made of this is kept."""
    return options.cache / "archives" / f"image-{cache.digest(made_of)[: packing.DIGEST_CHARACTERS]}.tar.gz"


def kept_image(path: Path) -> dict[str, Any] | None:
    """What is noted of an image that an earlier run made, None where it is not there or not what it was."""
    kept = cache.read_json(_note(path))
    if not isinstance(kept, dict) or not path.is_file() or kept.get("stamp") != _stamp(path):
        return None
    return kept if {"id", "manifest", "arch", "bytes", "sha256"} <= set(kept) else None


def at_hand(wanted: ContainerOptions, options: Options, wheels: Artefact | None) -> bool:
    """Whether ``artefact`` would make nothing large: the image lies in a registry, or in the cache."""
    if wanted.source == "registry":
        return True
    if wanted.source == "archive":
        return bool(wanted.archive and kept_image(image_path([ARCHIVE_LAYOUT, wanted.archive.sha256], options)))
    if wheels is None or wanted.base is None:
        return False
    made_of = [ARCHIVE_LAYOUT, container_build.key_of(wanted.base), wheels.digest]
    return kept_image(image_path(made_of, options)) is not None


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _ready(made_of: list[Any], options: Options, make: Callable[[Path], container_archive.Image]) -> Ready:
    """Made and written at most once for what it is made of."""
    path = image_path(made_of, options)
    with class_work.once(path, options):
        kept = kept_image(path)
        if kept is None:
            with cache.scratch(options.cache, "image") as place:
                image = make(Path(place))
                container_archive.write(image, path)
                size = sum(layer.stat().st_size for layer in image.layers)
                kept = {"id": image.id, "manifest": image.manifest_id, "arch": image.arch, "bytes": size}
            kept.update(sha256=cache.sha256(path), stamp=_stamp(path))
            cache.write_json(_note(path), kept)
    return Ready(path, kept["sha256"], kept["id"], kept["manifest"], kept["arch"], kept["bytes"])


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
