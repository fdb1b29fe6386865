# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one exception that the controller raises for what a person can mend."""

from __future__ import annotations


class FleetError(Exception):
    """Names the thing, the cause and the next step in its text.

    cause: a name of the closed list in ``causes/table.py``, or None when it is no host's failure.
    remedy: the next step alone, for a report's own column.
    log: all that a program said, where the message has its last words only; secrets are hidden in it already.
    """

    def __init__(
        self, message: str, cause: str | None = None, remedy: str | None = None, log: str | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.remedy = remedy
        self.log = log
