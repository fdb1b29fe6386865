# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Wheels of the matrix, downloaded once by pip, checked against their locked sha256 and unpacked as they are."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import parse_wheel_filename

from faiss_fleet.strategies.wheel import catalogue, pip_resolver
from images.standins import cache, pythons, rootfs
from images.standins.errors import StandInError
from images.standins.recipes import RECIPES
from images.standins.shell import command, say
from tests.matrix.combinations import Combination

LOCKED = json.loads(Path(__file__).with_name("packages.json").read_text(encoding="utf-8"))
OLD_LIBSTDCXX = "libstdc++.so.6.0.19"
DOWNLOADS_AT_ONCE = 3


def directory() -> Path:
    """What every userland has at /matrix."""
    return cache.directory("matrix")


def fill(combinations: Iterable[Combination]) -> None:
    """Brings everything that these combinations need into the directory."""
    combinations = list(combinations)
    wheels = {each.wheel.file: each.wheel.sha256 for each in combinations}
    wheels |= {row["file"]: row["sha256"] for row in LOCKED.values()}
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as threads:
        list(threads.map(lambda item: site(*item), wheels.items()))
    for version in {each.python for each in combinations}:
        pythons.directory(version)
    old_libstdcxx()
    if any(each.userland.cpu for each in combinations):
        _lay("qemu", lambda target: shutil.copyfile(command("qemu-x86_64-static"), target))


def site(file: str, sha256: str) -> Path:
    """The directory with an unpacked wheel, named by its content."""
    path = cache.directory("matrix", "sites") / sha256[:16]
    with cache.lock(f"wheel-{sha256[:16]}"):
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=cache.directory("work")) as work:
                wheel = downloaded(file, sha256, Path(work))
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(Path(work) / "site")
                (Path(work) / "site").rename(path)
    return path


def downloaded(file: str, sha256: str, work: Path) -> Path:
    say(f"  fetch {file}")
    project, version, _, _ = parse_wheel_filename(file)
    exact = [] if "-none-any" in file else [f"--{key}={value}" for key, value in catalogue.exactly(file)]
    wanted = [*catalogue.DOWNLOAD, "--dest", str(work), *exact, f"{project}=={version}"]
    pip_resolver.run(["download", *wanted], pip_resolver.Source())
    found = work / file
    actual = cache.sha256(found)
    if actual != sha256:
        raise StandInError(f"{file} has sha256 {actual}, and {sha256} is locked. It is not used.")
    return found


def _lay(name: str, make: object) -> None:
    path = directory() / name
    if not path.exists():
        partial = path.with_name(name + ".partial")
        make(partial)  # type: ignore[operator]
        partial.chmod(0o755)
        partial.rename(path)


def old_libstdcxx() -> None:
    """Lays the libstdc++ of CentOS 7 where a userland finds it."""
    _lay(OLD_LIBSTDCXX, _old_libstdcxx)


def _old_libstdcxx(target: Path) -> None:
    with tarfile.open(rootfs.archive(RECIPES["centos7-nopython"])) as tar:
        handle = tar.extractfile(f"./usr/lib64/{OLD_LIBSTDCXX}")
        assert handle
        target.write_bytes(handle.read())


def python(version: str) -> str:
    """Where a userland finds that Python."""
    return f"/matrix/pythons/{pythons.directory(version).name}"


def python_path(combination: Combination) -> str:
    """PYTHONPATH of a trial: the wheel, numpy and packaging, each unpacked in a directory of its own."""
    rows = [LOCKED[combination.python], LOCKED["packaging"]]
    digests = [combination.wheel.sha256, *(row["sha256"] for row in rows)]
    return ":".join(f"/matrix/sites/{digest[:16]}" for digest in digests)
