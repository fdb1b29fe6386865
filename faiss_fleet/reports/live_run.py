# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells whether the audit that writes a run is still going on: it holds a lock, which ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ..records.journal import read_records
from ..records.schema import Record

LOCK = ".running"


class Hold:
    """The lock of the process that records a run. It is no child's: what is forked does not hold it."""

    def __init__(self, directory: Path) -> None:
        """Takes the lock. A file system without locks is as one where no audit goes on."""
        self._path, self._file = directory / LOCK, -1
        with suppress(OSError):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Lets go: the run has ended."""
        with suppress(OSError):
            self._path.unlink()
            os.close(self._file)


def is_live(directory: Path) -> bool:
    """Whether another process records this run at this moment."""
    try:
        file = os.open(directory / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def records_so_far(directory: Path) -> Callable[[], Iterator[Record]]:
    """What gives each host's newest record of a run that goes on, as of now, without changing its file."""
    newest = {record["host"]["name"]: place for place, record in enumerate(read_records(directory))}

    def records() -> Iterator[Record]:
        for place, record in enumerate(read_records(directory)):
            if newest.get(record["host"]["name"]) == place:
                yield record

    return records
