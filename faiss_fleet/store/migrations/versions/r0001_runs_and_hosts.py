# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs, their hosts, and the files they came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the three tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("started", "controller", "version")),
        sa.Column("check_mode", sa.Boolean, nullable=False),
        sa.Column("inventory", sa.Text, nullable=False),
    )
    op.create_table(
        "hosts",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("finished", "state")),
        sa.Column("cause", sa.Text),
        sa.Column("because", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("backend", "strategy", "faiss", "glibc", "arch")),
        *(sa.Column(name, sa.Float) for name in ("p50_ms", "p95_ms")),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )
    op.create_index("hosts_by_name", "hosts", ["host", "run"])
    op.create_table(
        "sources",
        sa.Column("folder", sa.Text, primary_key=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified_ns", sa.Text, nullable=False),
    )
