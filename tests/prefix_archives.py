# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Looks into archives of prefixes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any


def manifest_of(archive: Path) -> dict[str, Any]:
    """The manifest of an archive, which is its first member."""
    with tarfile.open(archive, "r:gz") as tar:
        member = tar.next()
        assert member is not None and member.name == "manifest.json"
        handle = tar.extractfile(member)
        assert handle is not None
        manifest: dict[str, Any] = json.load(handle)
    return manifest
