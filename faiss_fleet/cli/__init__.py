# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The command line ``faiss-fleet``. What a command needs is imported when it runs, so that --help is quick."""

from __future__ import annotations


def main() -> None:
    """The entry point."""
    from .app import app

    app(prog_name="faiss-fleet")
