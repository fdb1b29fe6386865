# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs a userland once: the probe of an audit, and then every trial in a process of its own."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images.standins import cache, engine
from images.standins.errors import StandInError
from images.standins.recipes import RECIPES
from tests.matrix import pool
from tests.matrix.combinations import Combination, Userland

ROOT = Path(__file__).resolve().parents[2]
PROBING = "3.13"
SECONDS = 120
AT_ONCE = 2
LOADER = re.compile(
    r"(?P<library>[^\s:]+): (?:version `(?P<version>[^']+)' not found \(required by (?P<file>[^)]+)\)"
    r"|cannot open shared object file)"
)
ONE = 'timeout {seconds} sh "$0" > "$0.out" 2>&1; echo $? > "$0.status"'


@dataclass(frozen=True)
class Outcome:
    """What really happened. kind: works, symbol_version, library, module, signal or other."""

    kind: str
    library: str | None = None
    version: str | None = None
    file: str | None = None
    text: str = ""


def outcome(status: int, output: str) -> Outcome:
    """What the loader, Python or the kernel said of one trial."""
    if status == 0 and "TRIAL WORKS" in output:
        return Outcome("works", text=output)
    lines = [line for line in output.splitlines() if line.startswith(("ImportError", "ModuleNotFoundError"))]
    # numpy catches what the loader said and adds a page of advice: the first line is the one that tells.
    told = lines[0] if lines else ""
    said = LOADER.search(told)
    # A shell reports death by a signal as 128 more; qemu sends itself the signal that the program died of.
    if status > 128:
        return Outcome("signal", version=signal.Signals(status - 128).name, text=output)
    if said:
        file = Path(said["file"]).name if said["file"] else None
        return Outcome(
            "symbol_version" if said["version"] else "library", Path(said["library"]).name, said["version"], file, told
        )
    if told.startswith(("ModuleNotFoundError", "ImportError: cannot import name")):
        return Outcome("module", text=told)
    return Outcome("other", text=output)


def run(userland: Userland, combinations: Sequence[Combination]) -> tuple[dict[str, Any], list[Outcome]]:
    """The facts of the userland, as the audit's own probe reads them, and the outcome of each combination."""
    image = engine.image(RECIPES[userland.standin])
    with cache.scratch() as out:
        for name in ("trial.py", "gather.py"):
            shutil.copyfile(Path(__file__).with_name(name), out / name)
        for number, combination in enumerate(combinations):
            (out / f"{number}.sh").write_text(f"exec {_trial(combination)}\n", encoding="utf-8")
        every = " ".join(_python(userland, version) for version in _pythons(combinations))
        libraries = " ".join(f"{pool.python(version)}/lib" for version in _pythons(combinations))
        script = [
            f"{{ {userland.prepare}; }} || exit 1",
            # The Pythons built for CentOS 7 want their libpython in the loader's cache.
            f"printf '%s\\n' {libraries} > /etc/ld.so.conf.d/matrix.conf && ldconfig || exit 1",
            f"{pool.python(PROBING)}/bin/python{PROBING} /out/gather.py {every} > /out/facts.json || exit 2",
            f"ls /out/*.sh | xargs -P {AT_ONCE} -n 1 sh -c '{ONE.format(seconds=SECONDS)}'",
        ]
        (out / "batch").write_text("\n".join([*script, ""]), encoding="utf-8")
        mounts = [f"{pool.directory()}:/matrix", f"{out}:/out", f"{ROOT / 'module_utils'}:/project:ro"]
        flags = [part for mount in mounts for part in ("--volume", mount)]
        engine.podman("run", "--rm", *flags, image, "sh", "/out/batch")
        facts: dict[str, Any] = json.loads((out / "facts.json").read_text(encoding="utf-8"))
        if userland.isa_level:
            # qemu's CPU is only the program's: /proc/cpuinfo stays the machine's.
            facts["cpu"]["isa_level"] = userland.isa_level
        return facts, [_outcome(out / f"{number}.sh") for number in range(len(combinations))]


def _pythons(combinations: Sequence[Combination]) -> list[str]:
    return sorted({each.python for each in combinations}, key=lambda version: int(version.split(".")[1]))


def _python(userland: Userland, version: str) -> str:
    return f"/usr/bin/python{version}" if version == userland.own else f"{pool.python(version)}/bin/python{version}"


def _trial(combination: Combination) -> str:
    variables = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C",
        "PYTHONPATH": pool.python_path(combination),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    given = " ".join(f"{name}={value}" for name, value in variables.items())
    qemu = f"/matrix/qemu -cpu {combination.userland.cpu} " if combination.userland.cpu else ""
    return f"env -i {given} {qemu}{_python(combination.userland, combination.python)} -s /out/trial.py"


def _outcome(script: Path) -> Outcome:
    try:
        status = int(script.with_name(script.name + ".status").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StandInError(
            f"{script.name} was not tried. See whether the userland has sh, xargs and timeout."
        ) from None
    return outcome(status, script.with_name(script.name + ".out").read_text(encoding="utf-8", errors="replace"))
