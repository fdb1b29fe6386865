# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The tables are those that the newest migration makes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from faiss_fleet.store import database
from faiss_fleet.store.queries import Store
from faiss_fleet.store.tables import HEAD, METADATA


def test_head_is_the_newest_migration_and_a_new_store_has_the_tables_that_migrations_make(tmp_path: Path) -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [HEAD]
    url = database.parse(str(tmp_path / "migrated"))
    migrated = sa.create_engine(url)
    with migrated.connect() as connection:
        database.migrate(connection, url, "head")
    with Store.open(tmp_path / "new"):
        pass
    engines = (migrated, sa.create_engine(database.parse(str(tmp_path / "new"))))
    for engine in engines:
        with engine.connect() as connection:
            assert database.version(connection, url) == HEAD
        assert set(sa.inspect(engine).get_table_names()) == set(METADATA.tables)
    for table in METADATA.tables:
        was, now = ((sa.inspect(engine), table) for engine in engines)
        assert columns(*was) == columns(*now)
        assert was[0].get_pk_constraint(table) == now[0].get_pk_constraint(table)
        indexes = [{i["name"]: i["column_names"] for i in one.get_indexes(table)} for one, _ in (was, now)]
        assert indexes[0] == indexes[1]


def columns(inspector: sa.Inspector, table: str) -> dict[str, tuple[str, bool]]:
    return {each["name"]: (str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)}
