# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Calls commands as a user types them."""

from __future__ import annotations

import re

from typer.testing import CliRunner

from faiss_fleet.cli import app as commands

LATER = "20261129T101112Z-aaaaaa"  # the second run of the fixture `reports`


def call(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(commands.app, list(arguments))
    assert result.exit_code == status, (result.output, result.exception)
    assert not re.search(r"\x1b\[2J", result.output)
    return result.output
