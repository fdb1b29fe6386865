# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The tables are those that the newest migration makes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from faiss_fleet.store import database
from faiss_fleet.store.queries import Store
from faiss_fleet.store.tables import HEAD, METADATA


def test_head_is_the_newest_migration_and_makes_these_tables(tmp_path: Path) -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [HEAD]
    made, meant = tmp_path / "made", sa.create_engine("sqlite://")
    METADATA.create_all(meant)
    with Store.open(made):
        pass
    engine = sa.create_engine(f"sqlite:///{made}")
    for table in METADATA.tables:
        columns = [{c["name"]: str(c["type"]) for c in sa.inspect(e).get_columns(table)} for e in (engine, meant)]
        assert columns[0] == columns[1]
        indexes = [{i["name"]: i["column_names"] for i in sa.inspect(e).get_indexes(table)} for e in (engine, meant)]
        assert indexes[0] == indexes[1]
