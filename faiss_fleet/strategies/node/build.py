# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds one variant of the addon, reads what it needs before it is trusted, and packs it. Done once, then kept."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from ...artefacts import cache, class_work, packing
from ...artefacts.packing import Packed
from ...errors import FleetError
from ...target import errors as target_errors
from ...target.elf import needs
from ...target.elf import reader as elf
from ..base import Options
from . import inputs as addon_inputs
from . import recipe, unpacking
from .inputs import Input
from .recipe import Variant
from .runner import Runner

STRATEGY = "node"
TIME_LIMIT = 1800.0
PACKAGE = "node_modules/faiss-node"
BINARY_PATH = f"{PACKAGE}/build/Release/{recipe.BINARY}"
NOTE = "faiss-fleet.json"
# The whole of what a host of glibc 2.17 is promised to have: nothing but the C library's own files.
PROVIDES = {"GLIBC": recipe.GLIBC, "arch": "x86_64", "libc": "glibc", "libraries": []}

Say = Callable[[str], None]


def say_to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def artefact(variant: Variant, options: Options, say: Say = say_to_stderr) -> tuple[Packed, dict[str, Any]]:
    """The packed prefix of a variant and its lock, built when no run before has. Raises FleetError with its cause."""
    inputs = addon_inputs.load(options)
    lock = recipe.lock(variant, inputs)
    archives = options.cache / "archives"
    with class_work.once(archives / f"{STRATEGY}-{packing.digest_of(lock)}", options, time_limit(options) + 60):
        packed = packing.kept(archives, STRATEGY, lock)
        if packed is not None:
            return packed, lock
        check_controller()
        runner = runner_for(lock, options)
        say(f"faiss-node for {variant.level}: building, log in {runner.log}")
        started = time.monotonic()
        try:
            files = addon_inputs.fetch_all(inputs, options, runner)
            say(f"faiss-node for {variant.level}: {len(files)} inputs at hand after {time.monotonic() - started:.0f} s")
            packed = _built(variant, inputs, files, lock, options, runner, say)
        except FleetError as exc:
            runner.note(f"failed: {exc}")
            raise
        runner.note(f"built {packed.archive.name} in {time.monotonic() - started:.0f} s")
        say(f"faiss-node for {variant.level}: built in {time.monotonic() - started:.0f} s")
        return packed, lock


def kept(variant: Variant, options: Options) -> tuple[Packed, dict[str, Any]] | None:
    """What an earlier run built of a variant, and its lock; None where it would have to be built."""
    lock = recipe.lock(variant, addon_inputs.load(options))
    packed = packing.kept(options.cache / "archives", STRATEGY, lock)
    return (packed, lock) if packed else None


def runner_for(lock: dict[str, Any], options: Options) -> Runner:
    """Runs the commands that make the prefix of this lock, with a log in the controller's cache."""
    log = options.cache / "addon" / "logs" / f"{STRATEGY}-{packing.digest_of(lock)}.log"
    return Runner(log, time_limit(options))


def time_limit(options: Options) -> float:
    return float(options.extra.get("faiss_install__addon_timeout") or TIME_LIMIT)


def check_controller(machine: str | None = None) -> None:
    """Raises FleetError on a controller that the locked compiler does not run on."""
    machine = machine or os.uname().machine
    if machine != "x86_64" or not sys.platform.startswith("linux"):
        raise FleetError(
            f"The addon is built with a compiler locked for x86_64 Linux, and this controller is {sys.platform} "
            f"{machine}. Run it once from an x86_64 Linux controller, and take its cache along (faiss_install__cache).",
            cause="arch_mismatch",
            fault="controller",
            remedy="Build on an x86_64 Linux controller and take its cache along.",
        )


def _built(
    variant: Variant,
    inputs: Mapping[str, Input],
    files: Mapping[str, Path],
    lock: dict[str, Any],
    options: Options,
    runner: Runner,
    say: Say,
) -> Packed:
    program = compiler(inputs["zig"], files["zig"], options)
    with cache.scratch(options.cache, "addon") as place:
        work = Path(place)
        faiss = unpacking.tar(files["faiss"], work / "faiss", files["faiss"].name)
        packages = {
            key: unpacking.tar(files[key], work / key, files[key].name)
            for key in ("faiss-node", "node-addon-api", "node-api-headers", "bindings", "file-uri-to-path")
        }
        blas = unpacking.deb(files["openblas"], work / "openblas")
        for name, text in recipe.FILES.items():
            (work / name).write_text(text, encoding="utf-8")
        patch(packages["faiss-node"])
        compile_ = _Compile(program, variant, work, options, runner)
        objects = _compiled(compile_, faiss, packages, inputs["faiss"].release, say)
        libraries = sorted(blas.glob("usr/lib/*/openblas-serial/libopenblas-r*.a"))
        binary = compile_.link(objects, libraries[0] if libraries else None)
        check(binary)
        tree = _staged(work / "tree", packages, binary, faiss, blas, variant, inputs)
        return packing.pack(tree, lock, STRATEGY, options.cache / "archives")


def compiler(item: Input, archive: Path, options: Options) -> Path:
    """The compiler, unpacked once into the cache."""
    directory = options.cache / "addon" / "tools" / item.sha256[:16]
    with cache.once(directory):
        if not directory.is_dir():
            with cache.scratch(directory.parent, "unpack") as place:
                unpacking.wheel(archive, place / "tree")
                os.replace(place / "tree", directory)
    program = directory / "ziglang" / "zig"
    program.chmod(0o755)
    return program


class _Compile:
    """The compiler with its target; every command starts in the work directory and waits its turn behind other work."""

    def __init__(self, compiler: Path, variant: Variant, work: Path, options: Options, runner: Runner) -> None:
        self.work, self.runner = work, runner
        self._compiler, self._cpu = compiler, variant.cpu
        tools = options.cache / "addon" / "compiler-cache"
        self._env = {"ZIG_GLOBAL_CACHE_DIR": str(tools), "ZIG_LOCAL_CACHE_DIR": str(work / "compiler-cache")}

    def run(self, language: str, *arguments: str) -> None:
        target = ["-target", recipe.TARGET, f"-mcpu={self._cpu}"]
        argv = ["nice", "-n", "10", str(self._compiler), language, *target, *arguments]
        self.runner.run(argv, cwd=self.work, env=self._env)

    def link(self, objects: list[str], blas: Path | None) -> Path:
        if blas is None:
            raise FleetError("The locked OpenBLAS package holds no static library of OpenBLAS.", cause="blas_missing")
        self.run("c++", *recipe.LINK, "-o", recipe.BINARY, *objects, str(blas))
        return self.work / recipe.BINARY


def _compiled(compile_: _Compile, faiss: Path, packages: Mapping[str, Path], release: str, say: Say) -> list[str]:
    """Names of the object files, in one order whatever was done first."""
    (compile_.work / "objects").mkdir()
    standard = recipe.standard(release)
    cmake = (faiss / "faiss" / "CMakeLists.txt").read_text(encoding="utf-8")
    # Relative paths: the result does not depend on where the cache lies.
    includes = ["-I.", "-Ifaiss"]
    jobs: list[tuple[str, ...]] = []
    for name in recipe.sources(cmake):
        flags = (*recipe.COMMON, standard, "-DFINTEGER=int", *includes)
        jobs.append(("c++", *flags, "-c", f"faiss/faiss/{name}", "-o", f"objects/{name.replace('/', '_')}.o"))
    node = [f"-I{packages[key].name}" for key in ("node-addon-api",)] + ["-Inode-api-headers/include"]
    defines = [f"-DNAPI_VERSION={recipe.NAPI}", "-DNODE_GYP_MODULE_NAME=faiss_node", "-include", "compat.h"]
    addon = (*recipe.COMMON, "-std=c++17", *defines, *includes, *node)
    jobs.append(("c++", *addon, "-c", "faiss-node/src/faiss.cc", "-o", "objects/addon.o"))
    jobs.append(("cc", *recipe.COMMON, "-c", "gfortran.c", "-o", "objects/gfortran.o"))
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        waiting = [pool.submit(compile_.run, *job) for job in jobs]
        try:
            for count, done in enumerate(as_completed(waiting), 1):
                done.result()
                if count % 20 == 0 or count == len(jobs):
                    say(f"  compiled {count} of {len(jobs)} files")
        except BaseException:
            for each in waiting:
                each.cancel()
            compile_.runner.stop()
            raise
    return [job[-1] for job in jobs]


def check(binary: Path) -> None:
    """Raises FleetError when the file asks a host for more than glibc 2.17, or for anything but glibc."""
    try:
        found = needs.of_files({recipe.BINARY: elf.read(str(binary))})
    except target_errors.AuditError as exc:
        raise FleetError(f"What was built cannot be read: {exc}", cause="build_failed") from exc
    reasons = needs.judge(found, PROVIDES)
    if reasons:
        raise FleetError(
            f"What was built would not run on glibc {recipe.GLIBC}: {reasons[0]['text']}. It is not shipped; a "
            "change of the locked inputs or of the recipe is the reason.",
            cause=str(reasons[0]["cause"]),
            fault="controller",
        )


def _staged(
    tree: Path,
    packages: Mapping[str, Path],
    binary: Path,
    faiss: Path,
    blas: Path,
    variant: Variant,
    inputs: Mapping[str, Input],
) -> Path:
    stage_package(tree, packages, faiss)
    target = tree / BINARY_PATH
    target.parent.mkdir(parents=True)
    shutil.copyfile(binary, target)
    target.chmod(0o755)
    licences = tree / "licenses"
    for found in blas.glob("usr/share/doc/libopenblas-serial-dev/copyright"):
        shutil.copyfile(found, licences / "OpenBLAS.txt")
    note = {
        "faiss": inputs["faiss"].release,
        "faiss_node": inputs["faiss-node"].version,
        "isa": variant.isa,
        "level": variant.level,
        "glibc": recipe.GLIBC,
    }
    write_note(tree, note)
    return tree


def stage_package(tree: Path, packages: Mapping[str, Path], faiss: Path) -> None:
    """faiss-node with what it loads its addon by, as npm would lay them; all but the addon."""
    package = tree / PACKAGE
    for name in ("package.json", "LICENSE", "README.md", "lib"):
        source = packages["faiss-node"] / name
        target = package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    for name in ("bindings", "file-uri-to-path"):
        shutil.copytree(packages[name], tree / "node_modules" / name)
    (tree / "licenses").mkdir()
    shutil.copyfile(faiss / "LICENSE", tree / "licenses" / "FAISS.txt")


def write_note(tree: Path, note: Mapping[str, str]) -> None:
    """What the search test tells of the build beside what FAISS itself says."""
    (tree / PACKAGE / NOTE).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def patch(package: Path) -> None:
    """Applies the recipe's patches to an unpacked faiss-node."""
    for each in recipe.PATCHES:
        path = package / each.file
        path.write_text(each.apply(path.read_text(encoding="utf-8")), encoding="utf-8")
