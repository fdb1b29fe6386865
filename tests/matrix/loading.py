# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Native artefacts really loaded in each userland: shared objects by its loader, programs by starting them."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faiss_fleet.plan import artefact_sources
from faiss_fleet.plan.artefact_check import Artefact, Checker, HostAnswer
from images.standins import cache, engine, inputs, pythons
from images.standins.recipes import RECIPES
from tests.matrix import pool
from tests.matrix.combinations import Userland
from tests.matrix.runner import LOADER, PROBING, ROOT

LOCKED = json.loads(Path(__file__).with_name("artefacts.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Loadable:
    """An artefact below a directory that userlands see, and those of its files that are for them."""

    name: str
    path: Path
    artefact: Artefact
    files: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a userland said: for each file that was not loaded, what was in the way, by the loader's own words."""

    failed: dict[str, str]

    @property
    def loads(self) -> bool:
        return not self.failed

    def complaints(self) -> set[tuple[str | None, str]]:
        """(symbol version or None, library) of what the loader named."""
        found = [LOADER.search(text) for text in self.failed.values()]
        return {(said["version"], Path(said["library"]).name) for said in found if said}


def at(name: str, path: Path) -> Loadable:
    """The artefact at a path, with its files for x86_64 that a program loads: those that no other file needs.

    A bundled library is loaded on behalf of another file, by whose search path it finds its own libraries.
    """
    path = path.resolve()
    files = artefact_sources.read_files(path).files
    base = path if path.is_dir() else path.parent
    asked_for = {library for found in files.values() for library in found.needed}
    mine = [
        file
        for file, found in files.items()
        if found.machine == "x86_64" and not asked_for & {found.soname, Path(file).name}
    ]
    return Loadable(name, path, artefact_sources.of_path(path), tuple(str(base / file) for file in mine))


def locked(names: Sequence[str]) -> list[Loadable]:
    """Artefacts of artefacts.json, fetched once and unpacked."""
    return [at(row["name"], _laid(row)) for row in LOCKED if row["name"] in names]


def _laid(row: dict[str, Any]) -> Path:
    if row["from"] == "pypi":
        return pool.site(row["file"], row["sha256"])
    path = cache.directory("matrix", "packages") / row["sha256"][:16]
    with cache.lock(f"package-{row['sha256'][:16]}"):
        if not path.exists():
            package, _, version = row["name"].rpartition("@")
            item = inputs.Input(row["name"], "npm", package, version, row["file"], row["sha256"])
            archive = inputs.obtain(item)
            with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
                with tarfile.open(archive) as tar:
                    tar.extractall(work, filter="data")
                (Path(work) / "package").rename(path)
    return path


def tried(userland: Userland, things: Sequence[Loadable]) -> tuple[dict[str, Any], list[Outcome]]:
    """The facts of a userland as an audit reads them, and what became of each artefact there."""
    image = engine.image(RECIPES[userland.standin])
    with cache.scratch() as out:
        for name in ("gather.py", "load.py"):
            shutil.copyfile(Path(__file__).with_name(name), out / name)
        (out / "files.json").write_text(json.dumps([thing.files for thing in things]), encoding="utf-8")
        python = f"{pythons.directory(PROBING)}/bin/python{PROBING}"
        script = [
            f"{{ {userland.prepare}; }} || exit 1",
            f"{python} /out/gather.py {python} > /out/facts.json || exit 2",
            f"{python} /out/load.py /out/files.json > /out/loaded.json || exit 3",
        ]
        (out / "batch").write_text("\n".join([*script, ""]), encoding="utf-8")
        pool.old_libstdcxx()
        # Where they are on this machine, so that paths are the same on both sides.
        seen = {str(thing.path.parent) for thing in things}
        mounts = [f"{pool.directory()}:/matrix", f"{out}:/out", f"{ROOT / 'module_utils'}:/project:ro"]
        mounts += [f"{directory}:{directory}:ro" for directory in sorted({*seen, str(pythons.directory(PROBING))})]
        flags = [part for mount in mounts for part in ("--volume", mount)]
        engine.podman("run", "--rm", *flags, image, "sh", "/out/batch")
        facts: dict[str, Any] = json.loads((out / "facts.json").read_text(encoding="utf-8"))
        loaded = json.loads((out / "loaded.json").read_text(encoding="utf-8"))
        return facts, [Outcome(found) for found in loaded]


def predicted(userland: Userland, facts: dict[str, Any], thing: Loadable) -> HostAnswer:
    """What `faiss-fleet check` says of a host with these facts."""
    record = {"host": {"name": userland.name}, "facts": facts, "because": None}
    return Checker(thing.artefact).answer(record)


def disagreement(answer: HostAnswer, outcome: Outcome) -> str | None:
    """In what prediction and loading differ; None when they agree, in what the loader names as well."""
    told = f"predicted {answer.verdict} ({answer.says})"
    if (answer.verdict == "yes") != outcome.loads or answer.verdict == "unknown":
        return f"{told}, and loading gave: {outcome.failed or 'all loaded'}"
    if answer.verdict == "no" and answer.blocker not in ("arch", "libc"):
        first = answer.reasons[0]
        named = first["need"] if answer.blocker != "libraries" or "_" in str(first["need"]) else None
        if (named, first["library"]) not in outcome.complaints():
            return f"{told}, and the loader named: {outcome.failed}"
    return None
