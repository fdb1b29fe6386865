# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Opens the database behind a URL at the schema of this version. What is shown of a URL has no secret in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from ..errors import FleetError
from ..redact import HIDDEN, redact
from .tables import HEAD, METADATA, VERSIONS

MIGRATIONS = Path(__file__).with_name("migrations")
WAIT = 60  # seconds that one writer waits for another
LOCK = 0x66616973  # PostgreSQL's advisory lock while the schema is made or migrated
ANOTHER = "or name another store with --store or FAISS_FLEET_STORE"


def parse(store: str) -> URL:
    """A path or a URL as SQLAlchemy wants it; PostgreSQL is always spoken to through psycopg 3."""
    if "://" not in store:
        return URL.create("sqlite", database=str(Path(store).expanduser().absolute()))
    try:
        url = make_url(store)
    except (ArgumentError, ValueError) as error:
        raise FleetError(
            f"{redact(store)} is no store. Give a path, or a URL like postgresql://user:password@host/database."
        ) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise FleetError(f"{redact(store)}: the store is SQLite or PostgreSQL. Give a path, or a URL of either.")
    if "@" in (url.host or ""):
        # Everything up to the last @ may be of the password; a driver would name it as a part of the host.
        raise FleetError(
            "The store's URL has an @ within its password or user. Write it as %40 (and : / ? # as %3A %2F %3F %23). "
            "The URL is not shown, as it has a password in it."
        )
    return url if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql+psycopg")


def shown(url: URL) -> str:
    """The URL for people: a plain path for SQLite, no password for PostgreSQL."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return redact(url.set(drivername="postgresql", password=None).render_as_string())


def safe(error: BaseException, url: URL) -> str:
    """What a driver says, on one line, without the password."""
    original = getattr(error, "orig", None)
    text = " ".join(redact(str(original or error)).split())
    for word in (url.password, url.query.get("password")):
        if isinstance(word, str) and word:
            text = text.replace(word, HIDDEN)
    return text


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turns what a database raises into a FleetError with a next step."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The chain is cut on purpose: SQLAlchemy's own text holds statements with whole records.
        raise FleetError(f"The store {shown(url)} failed: {safe(error, url)}. {_next_step(url, error)}") from None


def _next_step(url: URL, error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error)
    if url.get_backend_name() == "sqlite":
        if "locked" in text:
            return "Another faiss-fleet writes to it; try again when it is done."
        if "not a database" in text or "malformed" in text:
            return f"Move it away: the records under reports/ are taken into a new one. Or {ANOTHER[3:]}."
        return f"See that its directory exists, is writable for this user and has room, {ANOTHER}."
    if isinstance(error, OperationalError):
        return f"See that the server runs, that host, port, user and password are right, {ANOTHER}."
    return f"See that the user may create tables and write to them, {ANOTHER}."


def connect(url: URL) -> Engine:
    """The engine, its schema at HEAD. FleetError for one that is newer, foreign or not to be reached."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        with explained(url):
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = sa.create_engine(url, **_options(url))
    except (NoSuchModuleError, ImportError) as error:
        raise FleetError(f"The driver for {shown(url)} is not installed: {error}. Install psycopg[binary].") from None
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    with explained(url):
        try:
            with engine.connect() as connection:
                if version(connection, url) != HEAD:
                    connection.rollback()
                    migrate(connection, url)
        except BaseException:
            engine.dispose()
            raise
    return engine


def version(connection: Connection, url: URL) -> str | None:
    """The schema's version, None for an empty database. FleetError for one that this version does not know."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(VERSIONS.name):
        if inspector.has_table("hosts") or inspector.has_table("runs"):
            raise FleetError(f"{shown(url)} holds tables of another program. Give an empty database, {ANOTHER}.")
        return None
    found = connection.execute(sa.select(VERSIONS.c.version_num)).scalar()
    if found is not None and not (found.isdigit() and found <= HEAD):
        raise FleetError(
            f"The store {shown(url)} was written by a newer faiss-fleet: its schema is {found}, this one knows {HEAD}. "
            f"Nothing in it was changed. Update faiss-fleet on this controller, {ANOTHER}."
        )
    return found


def migrate(connection: Connection, url: URL, revision: str | None = None) -> None:
    """Makes or migrates the schema, whole or not at all; of several processes one does it and the others wait.

    An empty database gets the tables of this version at once: to import Alembic takes longer than that. With revision,
    every migration up to that one is gone through.
    """
    connection.execution_options(begin="BEGIN IMMEDIATE")
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if version(connection, url) == HEAD:
            return
        if revision is None and not sa.inspect(connection).has_table(VERSIONS.name):
            METADATA.create_all(connection)
            connection.execute(sa.insert(VERSIONS).values(version_num=HEAD))
        else:
            _upgrade(connection, revision or "head")


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def writable(url: URL) -> bool:
    """Whether this user may write to it: SQLite writes beside the file as well. Of a server nothing is known here."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return True
    file = Path(url.database)
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK | os.X_OK)


def copy(url: URL, target: Path) -> None:
    """Copies an SQLite store, where there is one, as it is between two transactions. No right to write is needed."""
    with explained(url):
        if not Path(str(url.database)).exists():
            return
        with closing(_read_only(str(url.database))) as source, closing(sqlite3.connect(target)) as made:
            source.backup(made)


def _read_only(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=WAIT)


@contextmanager
def writing(engine: Engine, url: URL) -> Iterator[Connection]:
    """A transaction that writes. On SQLite it waits for its turn at the start, where waiting works."""
    with explained(url), engine.connect() as connection:
        connection.execution_options(begin="BEGIN IMMEDIATE")
        with connection.begin():
            yield connection


def insert_of(engine: Engine) -> Any:
    """The dialect's own ``insert``, which says what to do on a conflict. The other dialect is not imported."""
    return import_module(f"sqlalchemy.dialects.{engine.dialect.name}").insert


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": WAIT}}
    return {"connect_args": {"connect_timeout": 10, "application_name": "faiss-fleet"}, "pool_pre_ping": True}


def _prepare_sqlite(engine: Engine) -> None:
    """Transactions are begun by hand: Python's sqlite3 would commit before a CREATE TABLE, and leave it half done."""

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=NORMAL")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
