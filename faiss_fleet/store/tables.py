# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The tables of the store as this version knows them. ``migrations/`` leads a store of any earlier version here."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

HEAD = "0002"  # the newest migration; a test holds it against the directory

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("started", Text, nullable=False),
    Column("controller", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("check_mode", Boolean, nullable=False),
    Column("inventory", Text, nullable=False),  # a JSON list
)

# One line per run and host. What is looked for often has a column of its own; everything else is in the record.
HOSTS = Table(
    "hosts",
    METADATA,
    Column("run", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    Column("finished", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("because", Text, nullable=False),
    Column("backend", Text),
    Column("strategy", Text),
    Column("faiss", Text),
    Column("glibc", Text),
    Column("arch", Text),
    Column("p50_ms", Float),
    Column("p95_ms", Float),
    Column("record", LargeBinary, nullable=False),  # JSON, deflated: a NUL in a host's text stops no database
    Column("qps", Float),
    Column("js_p95_ms", Float),
    Index("hosts_by_name", "host", "run"),
    Index("hosts_by_state", "run", "state"),
)

# Which records.jsonl were taken in, and how they were then. One that has changed since is taken in again.
SOURCES = Table(
    "sources",
    METADATA,
    Column("folder", Text, primary_key=True),  # controller:/absolute/path
    Column("run", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", Text, nullable=False),
)

# Alembic's own: which migration the tables are at.
VERSIONS = Table(
    "alembic_version",
    METADATA,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
