"""Brings a database to the current shape: versions, reference data, a partition for each connector."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import LiteralString

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine

from hub.complaints.agencies import AGENCIES
from hub.complaints.areas import AREAS
from hub.connectors.base import Connector, ConnectorSettings
from hub.kinds import Kind
from hub.store.database import driver_url

_LOCK = 0x51_4D_50_4C
"""Two migrations of one database wait for each other on this advisory lock."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(url: str, connectors: Iterable[tuple[type[Connector], ConnectorSettings]] = ()) -> None:
    """Everything ``hub migrate`` does; safe to repeat and to run twice at once."""
    await asyncio.to_thread(_migrate, url, list(connectors))


async def state(url: str) -> tuple[str | None, str]:
    """The version the database is at (None before the first), and the one this code wants."""
    return await asyncio.to_thread(_state, url)


def _state(url: str) -> tuple[str | None, str]:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision(), head
    finally:
        engine.dispose()


def _migrate(url: str, connectors: list[tuple[type[Connector], ConnectorSettings]]) -> None:
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("select pg_advisory_lock(%s)", [_LOCK])
        engine = create_engine(driver_url(url))
        try:
            with engine.connect() as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        finally:
            engine.dispose()
        # Each statement by itself: one that held a table while it waits for the next would stand against a pull,
        # which holds its records while it waits for the row of its system.
        for connector, _ in connectors:
            _add_partition(lock, connector)
        with lock.transaction():
            _load_reference_data(lock)
            _register(lock, connectors)


def _load_reference_data(connection: psycopg.Connection) -> None:
    """Areas and agencies; what an office entered itself (head, contact) is left as it is."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into areas (code, type, name, name_en) values (%s, %s, %s, %s) on conflict (code) do update"
            " set type = excluded.type, name = excluded.name, name_en = excluded.name_en",
            [(a.code, a.type, a.name, a.name_en) for a in AREAS],
        )
        cursor.executemany(
            "insert into agencies (code, name, name_en, aliases, valid_from, valid_to, successor)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict (code) do update set name = excluded.name,"
            " name_en = excluded.name_en, aliases = excluded.aliases, valid_from = excluded.valid_from,"
            " valid_to = excluded.valid_to, successor = excluded.successor",
            [
                (a.code, a.name, a.name_en, list(a.aliases), a.valid_from, a.valid_to, a.successor)
                for a in sorted(AGENCIES, key=lambda a: a.valid_to or date.max, reverse=True)
            ],
        )


def _register(connection: psycopg.Connection, connectors: list[tuple[type[Connector], ConnectorSettings]]) -> None:
    """One row for each connector; others are no longer enabled."""
    for connector, settings in connectors:
        connection.execute(
            "insert into systems (name, title, owner, coverage, tells_changes, every, sends, shared)"
            " values (%(name)s, %(title)s, %(owner)s, %(coverage)s, %(tells)s, %(every)s, %(sends)s, %(shared)s)"
            " on conflict (name) do update set title = excluded.title, owner = excluded.owner, enabled = true,"
            " coverage = excluded.coverage, tells_changes = excluded.tells_changes, every = excluded.every,"
            " sends = excluded.sends, shared = excluded.shared",
            {
                "name": connector.name,
                "title": connector.title,
                "owner": connector.owner,
                "coverage": connector.covers(settings).value,
                "tells": connector.tells_changes,
                "every": settings.every,
                "sends": sorted(action.value for action in connector.sends),
                "shared": Jsonb([each.declared() for each in connector.shared]),
            },
        )
    if connectors:
        names = [connector.name for connector, _ in connectors]
        connection.execute("update systems set enabled = false where not name = any(%s)", [names])


def _add_partition(connection: psycopg.Connection, connector: type[Connector]) -> None:
    """The system's partition and the declared indexes.

    Its kinds are a constraint, so that lists of other kinds need not look into it.
    """
    name = f"records_{connector.name}"
    partition = sql.Identifier(name)
    _run(
        connection,
        "create table if not exists {} partition of records for values in ({})",
        partition,
        sql.Literal(connector.name),
    )
    _run(
        connection,
        "create or replace trigger not_past before insert or update or delete or truncate on {}"
        " for each statement execute function forbid_going_past()",
        partition,
    )
    _constrain(connection, name, sorted(kind.kind for kind in connector.kinds))
    open_ones = sql.Identifier(f"{name}_open")
    _run(
        connection,
        "create index if not exists {} on {} (external_id) where not final and gone_at is null",
        open_ones,
        partition,
    )
    for kind in connector.kinds:
        for suffix, columns in _indexes(kind):
            index = sql.Identifier(f"{name}_{kind.kind}_{suffix}")
            where = sql.Literal(kind.kind)
            _run(
                connection,
                "create index if not exists {} on {} ({}) where kind = {}",
                index,
                partition,
                sql.SQL(columns),
                where,
            )


def _constrain(connection: psycopg.Connection, partition: str, kinds: list[str]) -> None:
    """Checked rows cost a scan, so the constraint is made anew only when the kinds have changed."""
    wanted = f"kinds_{'_'.join(kinds)}"
    found = connection.execute(
        "select conname from pg_constraint"
        " where conrelid = %s::regclass and contype = 'c' and conname like 'kinds\\_%%'",
        [partition],
    ).fetchall()
    for (name,) in found:
        if name != wanted:
            _run(connection, "alter table {} drop constraint {}", sql.Identifier(partition), sql.Identifier(name))
    if (wanted,) not in found:
        literals = sql.SQL(", ").join(map(sql.Literal, kinds))
        _run(
            connection,
            "alter table {} add constraint {} check (kind in ({}))",
            sql.Identifier(partition),
            sql.Identifier(wanted),
            literals,
        )


def _run(connection: psycopg.Connection, statement: LiteralString, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


def _indexes(kind: type[Kind]) -> Iterable[tuple[str, str]]:
    """Name and columns of a kind's indexes: by time, by value, and by each field that lists filter on."""
    yield "occurred", "occurred_at desc, id desc"
    yield "status", "status, occurred_at desc, id desc"
    yield "amount", "coalesce(amount, 0) desc, id desc"
    for field in kind.indexed:
        if not field.isidentifier():
            raise ValueError(f"{field!r} of kind {kind.kind} is not a field name")
        yield field, f"(body ->> '{field}'), occurred_at desc, id desc"
