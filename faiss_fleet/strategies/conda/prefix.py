# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds the environment of a lock on the controller, for the prefix that it will have on the hosts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...artefacts import cache, packing
from ...errors import FleetError
from ..base import Options
from . import explicit as conda_explicit
from . import refusal as conda_refusal
from . import solver as conda_solver
from .channels import local_path
from .host_class import HostClass
from .options import STRATEGY, CondaOptions

META = "conda-meta"
# Of each package's record in the prefix: where it lay on the controller is nobody's business, and differs each time.
PLACES = ("extracted_package_dir", "package_tarball_full_path", "link", "requested_spec", "requested_specs")

Package = dict[str, Any]


def build(lock: dict[str, Any], host: HostClass, wanted: CondaOptions, options: Options, place: Path) -> None:
    """Fetches, checks and installs the packages of a lock into ``tree`` of a directory."""
    packages: list[Package] = lock["packages"]
    tree = place / "tree"
    answer = conda_solver.call(
        "install",
        files=[str(file) for file in fetch(packages, wanted, options, place)],
        target=str(tree),
        prefix=f"{lock['prefix']}/{STRATEGY}/{packing.digest_of(lock)}",
        # Unpacked again each time: what lay in a cache could have been changed since it was checked.
        unpacked=str(place / "unpacked"),
        subdir=host.subdir,
        virtual=dict(host.virtual),
        # What was solved was judged as the channel corrects it, which packages themselves do not know.
        check=bool(wanted.lock),
    )
    if not answer["ok"]:
        raise conda_refusal.error(answer, host, wanted.packages, wanted.channels.shown)
    _same(packages, answer["installed"])
    _tidy(tree, packages)
    explicit = conda_explicit.text(lock, lock["platform"])
    (tree / META / "faiss-fleet.explicit.txt").write_text(explicit, encoding="utf-8")


def _same(packages: Sequence[Package], installed: dict[str, str]) -> None:
    expected = {package["name"]: package["version"] for package in packages}
    if expected != installed:
        odd = sorted(set(expected.items()) ^ set(installed.items()))
        names = ", ".join(" ".join(each) for each in odd)
        raise FleetError(f"Packages are not what the lock calls them: {names}. Make a new lock.", "corrupt_artefact")


def _tidy(tree: Path, packages: Sequence[Package]) -> None:
    """Makes what the installer notes about itself the same each time, and takes the controller's paths out."""
    urls = {package["file"]: package["url"] for package in packages}
    for path in sorted((tree / META).glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        url = urls[record["fn"]]
        record = {name: value for name, value in record.items() if name not in PLACES}
        record.update(url=url, channel=url.rsplit("/", 2)[0], files=sorted(record["files"]))
        record["paths_data"]["paths"].sort(key=lambda entry: str(entry["_path"]))
        path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    # An empty history is what tells conda that this is an environment.
    (tree / META / "history").write_text("", encoding="utf-8")
    (tree / "CACHEDIR.TAG").unlink(missing_ok=True)


def stored(package: Package, options: Options) -> Path:
    return options.cache / "conda" / "packages" / str(package["sha256"]) / str(package["file"])


def fetch(packages: Sequence[Package], wanted: CondaOptions, options: Options, place: Path) -> list[Path]:
    """Local files of the packages, each checked against the lock's sha256 just now, wherever it came from."""
    missing: list[tuple[Package, Path]] = []
    for number, package in enumerate(packages):
        if not _whole(package, stored(package, options)):
            missing.append((package, place / f"fetch-{number}" / str(package["file"])))
    remote = []
    for package, path in missing:
        path.parent.mkdir()
        source = local_path(package["url"])
        if source is not None:
            _copy(source, path)
        else:
            remote.append({"url": wanted.channels.with_secret(package["url"]), "path": str(path)})
    if remote and options.offline:
        name = Path(remote[0]["path"]).name
        remedy = "Run once with the channel at hand, or name a file:// copy of it in faiss_install__conda_channels."
        text = f"faiss_install__offline is set, and {name} is not in the cache {options.cache}. {remedy}"
        raise FleetError(text, "unreachable", remedy)
    if remote:
        answer = conda_solver.call("fetch", files=remote)
        if not answer["ok"]:
            raise conda_refusal.error(answer, _NO_CLASS, wanted.packages, wanted.channels.shown)
    for package, path in missing:
        check(package, path)
        target = stored(package, options)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    return [stored(package, options) for package in packages]


_NO_CLASS = HostClass("", ())


def _whole(package: Package, path: Path) -> bool:
    """Whether the cache has the package. What the cache has and is not it goes away."""
    if not path.is_file():
        return False
    if cache.sha256(path) == package["sha256"]:
        return True
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return False


def _copy(source: Path, path: Path) -> None:
    try:
        shutil.copyfile(source, path)
    except OSError as exc:
        raise FleetError(
            f"{source} cannot be read: {exc}. The channel's index names it: put it back, or index the channel again.",
            "conda_network",
            "Put the package back into the channel, or index the channel again.",
        ) from exc


def check(package: Package, path: Path) -> None:
    """Raises FleetError, cause hash_mismatch, for a file that is not the one that was locked."""
    found, expected = cache.sha256(path), package["sha256"]
    if found == expected:
        return
    remedy = (
        "Find out who changed the package or its mirror. If the channel was renewed on purpose, index it again or make "
        "the lock again."
    )
    text = f"{package['url']} came with sha256 {found}, and the lock has {expected}. It is not used. {remedy}"
    raise FleetError(text, "hash_mismatch", remedy)
