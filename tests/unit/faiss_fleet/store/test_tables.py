# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The tables are those that the newest migration makes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from faiss_fleet.store import database
from faiss_fleet.store.queries import Store
from faiss_fleet.store.tables import HEAD


def schema(path: Path) -> list[str]:
    """The statements that would make a database, and the migration that it is at."""
    with sqlite3.connect(path) as connection:
        made = [
            row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        ]
        return [" ".join(sql.split()) for sql in made] + list(connection.execute("SELECT * FROM alembic_version"))


def test_head_is_the_newest_migration_and_a_new_store_is_as_all_of_them_leave_it(tmp_path: Path) -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [HEAD]
    with Store.open(tmp_path / "new"):
        pass
    url = database.parse(str(tmp_path / "led"))
    engine = sa.create_engine(url)
    database._prepare_sqlite(engine)
    with engine.connect() as connection:
        database.migrate(connection, url, HEAD)
    engine.dispose()
    assert schema(tmp_path / "new") == schema(tmp_path / "led")
    assert len(schema(tmp_path / "new")) == 7
