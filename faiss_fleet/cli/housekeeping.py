# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Files that commands write and folders that they remove."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from ..errors import FleetError
from ..records import RUN_ID


def remove_folders(reports: Path, runs: Iterable[str]) -> None:
    """Removes these runs' folders, and nothing whose name is no run's."""
    for run in runs:
        folder = reports / run
        if RUN_ID.fullmatch(run) and folder.is_dir() and not folder.is_symlink():
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise FleetError(
                    f"{folder} cannot be removed: {error.strerror or error}. Remove it by hand."
                ) from error


def written_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes beside and renames: a reader, such as node_exporter, never sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            write(file)
        beside.replace(path)
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror or error}. Name another file with -o.") from error
    finally:
        beside.unlink(missing_ok=True)
