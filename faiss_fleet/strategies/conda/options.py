# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the inventory says about conda, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import FleetError
from ...redact import redact
from ..base import Options
from .channels import Channels

STRATEGY = "conda"
CHANNELS = "faiss_install__conda_channels"
PACKAGES = "faiss_install__conda_packages"
LOCK = "faiss_install__conda_lock"
DEFAULT_CHANNELS = ("conda-forge",)
DEFAULT_PACKAGES = ("faiss-cpu", "python", "numpy")
NAME = re.compile(r"^(?:[^\s:]+::)?([A-Za-z0-9_.-]+)")


@dataclass(frozen=True)
class CondaOptions:
    """main is the package that is FAISS; lock is a file to repeat, or None to solve."""

    channels: Channels
    packages: tuple[str, ...]
    main: str
    lock: Path | None


def from_options(options: Options) -> CondaOptions:
    return from_variables(options.extra)


def from_variables(values: Mapping[str, Any]) -> CondaOptions:
    """Raises FleetError for what cannot be meant."""
    channels = _list(values, CHANNELS, DEFAULT_CHANNELS, "[conda-forge]")
    packages = _list(values, PACKAGES, DEFAULT_PACKAGES, "[faiss-cpu, python, numpy]")
    main = next((name for name in map(name_of, packages) if name.startswith("faiss")), None)
    if main is None:
        raise FleetError(
            f"{PACKAGES} is {list(packages)!r}, and none of them is FAISS. Name faiss-cpu, or another package whose "
            "name begins with faiss."
        )
    lock = values.get(LOCK)
    path = Path(str(lock)).expanduser() if lock else None
    if path and not path.is_file():
        raise FleetError(
            f"{LOCK} is {str(lock)!r}, which is no file on this controller. Name a pixi.lock or a list that begins "
            "with @EXPLICIT, or remove the variable to solve again."
        )
    return CondaOptions(Channels(channels), packages, main, path)


def name_of(spec: str) -> str:
    """faiss-cpu of "faiss-cpu >=1.9", "faiss-cpu=1.9" and "conda-forge::faiss-cpu[build=x]"."""
    found = NAME.match(spec.strip())
    return found[1].lower() if found else ""


def _list(values: Mapping[str, Any], variable: str, default: tuple[str, ...], example: str) -> tuple[str, ...]:
    value = values.get(variable)
    if not value:
        return default
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each.strip() for each in value):
        text = f"{variable} is {value!r}, which is not a list of names. Write a list, such as {example}."
        raise FleetError(redact(text))
    return tuple(each.strip() for each in value)
