# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names runs: their ids, how processes of one run know it, and the time as records write it."""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime, timezone

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,12}")
RUN_VARIABLE = "FAISS_FLEET_RUN_ID"


def timestamp(moment: datetime | None = None) -> str:
    """Return a moment in ISO 8601, in UTC and to the second; now when none is given."""
    return (moment or datetime.now(timezone.utc)).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run_id() -> str:
    """Return ``20261122T101112Z-3f9a1c``: ids sort by time, and two controllers do not make the same one."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def current_run_id() -> str | None:
    """Return the run this process and its children belong to, None outside of one. The callback announces it."""
    run_id = os.environ.get(RUN_VARIABLE, "")
    return run_id if RUN_ID.fullmatch(run_id) else None
