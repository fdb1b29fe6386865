# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Options of the strategy conda: what their types cannot express is checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...argument_specs import typed
from ...errors import FleetError
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
    """Return the options. Raises FleetError for a list without FAISS and for a lock that is not there."""
    channels = _names(values, CHANNELS) or DEFAULT_CHANNELS
    packages = _names(values, PACKAGES) or DEFAULT_PACKAGES
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
            f"{LOCK} is {str(lock)!r}, which is not a file on this controller. Name a pixi.lock or a list that begins "
            "with @EXPLICIT, or remove the variable to solve."
        )
    return CondaOptions(Channels(channels), packages, main, path)


def name_of(spec: str) -> str:
    """faiss-cpu of "faiss-cpu >=1.9", "faiss-cpu=1.9" and "conda-forge::faiss-cpu[build=x]"."""
    found = NAME.match(spec.strip())
    return found[1].lower() if found else ""


def _names(values: Mapping[str, Any], variable: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in typed(variable, values.get(variable)) or () if name.strip())
