# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What went wrong while a stand-in was made or started, with the next step in the text."""

from __future__ import annotations


class StandInError(Exception):
    """The text names the thing, the cause and the next step."""
