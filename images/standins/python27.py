# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds CPython 2.7 for the stock CentOS 7."""

from __future__ import annotations

from pathlib import Path


def add_python27(root: Path, work: Path) -> None:
    raise NotImplementedError
