# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the records of a run while it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .journal import RECORDS, record_of
from .schema import Record


class Follower:
    """Finds what a run has written since the last look. directory: the run's, which need not be there yet."""

    def __init__(self, directory: Path) -> None:
        self._path, self._offset, self._inode = directory / RECORDS, 0, 0

    def new(self) -> Iterator[Record]:
        """Yields each record that was added. A file that was replaced is read again from its beginning."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:
                self._offset, self._inode = 0, inode
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                record = record_of(line)
                if record is not None:  # else torn by a crash
                    yield record
