# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An environment that a host's own conda creates from the lock: which conda, and what it is sent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ...artefacts import class_work
from ...errors import FleetError
from ..base import Artefact, Facts, HostBuild, Options, Reason, version_numbers
from . import lock as conda_lock
from . import options as conda_options
from . import prefix as conda_prefix
from .options import STRATEGY

VARIABLE = "faiss_install__conda_on_host"
MODULE = "faiss_conda_create"
# Of what a host makes: packages as they came, unpacked, and the environment side by side.
NEEDED_BYTES = 1_000_000_000
TIMEOUT = 3600
# Since when conda reads .conda packages; mamba and micromamba always did.
READS_CONDA = (4, 7)


def mode(options: Options) -> str:
    """How the host does it: offline, online, or "" when the controller makes the environment."""
    return str(options.extra.get(VARIABLE) or "")


def chosen(facts: Facts) -> tuple[dict[str, Any] | None, list[Reason]]:
    """The host's conda that does it, one that reads .conda packages first; else None with the reason."""
    found = facts.get("condas") or []
    usable = [each for each in found if each.get("version") and not each.get("error")]
    need = "conda, mamba or micromamba"
    if facts.get("method") == "raw":
        text = "the module that guards a conda on the host runs in a Python, and Ansible found none that it can use"
        return None, [Reason(check="conda", cause="python_missing", need="a Python", have=None, text=text)]
    if usable:
        return max(usable, key=reads_conda), []
    have = ", ".join(f"{each['path']} ({each.get('error') or 'version unknown'})" for each in found) or None
    text = f"{VARIABLE} is set, and this host has no {need} that can be used"
    return None, [Reason(check="conda", cause="command_missing", need=need, have=have, text=text)]


def reads_conda(conda: dict[str, Any]) -> bool:
    return conda["kind"] != "conda" or version_numbers(conda["version"]) >= READS_CONDA


def shown(conda: dict[str, Any], options: Options) -> str:
    text = f"Created on the host by its {conda['kind']} {conda['version']} ({conda['path']}), {mode(options)}."
    return text if reads_conda(conda) else text + " It reads .tar.bz2 packages only."


def artefact(facts: Facts, options: Options) -> Artefact:
    """What is shipped: the lock, and offline its packages. Raises FleetError before anything is sent."""
    conda, reasons = chosen(facts)
    if conda is None:
        raise FleetError(f"{reasons[0]['text']}.", reasons[0]["cause"])
    how, wanted = mode(options), conda_options.from_options(options)
    made = conda_lock.locked(facts, options)
    _readable(made["packages"], conda)
    doer = {name: conda[name] for name in ("kind", "path", "version")}
    lock = {**made, "created": {"on": "host", "mode": how, "by": doer}}
    packed = class_work.packed(STRATEGY, lock, options, lambda place: _stage(lock, how, options, place))
    arguments = {
        "conda": conda["path"],
        "kind": conda["kind"],
        "mode": how,
        "secrets": {public: real for real, public in wanted.channels.secrets().items()} if how == "online" else {},
        "timeout": int(options.extra.get("faiss_install__attempt_timeout") or TIMEOUT),
    }
    return Artefact(
        packed.archive,
        packed.sha256,
        packed.digest,
        max(NEEDED_BYTES, 4 * packed.unpacked_bytes),
        conda_lock.RUNTIME,
        lock,
        build=HostBuild(MODULE, arguments, options.cache / "conda" / "logs", fetches=how == "online"),
        given=wanted.lock is not None,
    )


def _readable(packages: list[dict[str, Any]], conda: dict[str, Any]) -> None:
    odd = [package["file"] for package in packages if package["file"].endswith(".conda")]
    if odd and not reads_conda(conda):
        remedy = (
            f"Leave {VARIABLE} empty, so that the controller makes the environment; or give the host conda 4.7 "
            "or newer, or name a lock of .tar.bz2 packages in faiss_install__conda_lock."
        )
        text = (
            f"The host's {conda['path']} is conda {conda['version']}, which reads .tar.bz2 packages only, and the lock "
            f"has {odd[0]}{f' and {len(odd) - 1} more' if len(odd) > 1 else ''} that want 4.7 or newer. {remedy}"
        )
        raise FleetError(text, "command_missing", remedy, fault="host")


def _stage(lock: dict[str, Any], how: str, options: Options, place: Path) -> None:
    tree = place / "tree"
    tree.mkdir()
    if how == "offline":
        files = conda_prefix.fetch(lock["packages"], conda_options.from_options(options), options, place)
        for package, file in zip(lock["packages"], files, strict=True):
            target = tree / "packages" / package["subdir"] / package["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, target)
            conda_prefix.check(package, target)
