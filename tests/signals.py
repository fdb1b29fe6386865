# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Signals of what a test starts, as in a terminal: workers of pytest and background jobs ignore some."""

from __future__ import annotations

import signal


def as_in_a_terminal() -> None:
    """For preexec_fn."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
