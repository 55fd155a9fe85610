"""Migrates a database to the current version, with its reference data and a partition for each connector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
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
from hub.contract import SystemDeclaration
from hub.kept_columns import keep_columns, mask_columns
from hub.kinds import Kind
from hub.store import roles
from hub.store.database import driver_url
from hub.store.index_builds import build_index
from hub.store.queries.text_search import prose_vector

_LOCK = 0x51_4D_50_4C
"""The advisory lock that serializes the migrations of one database."""

_NO_TIME_LIMIT = "set statement_timeout = 0"
"""The role that migrates may have a time limit, as that of the hub has behind a pooler; an index takes longer."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(url: str, systems: Iterable[SystemDeclaration] = (), role: str | None = None) -> None:
    """Do everything that ``hub migrate`` does; safe to repeat and to run twice at once.

    ``role`` is the role that the hub works as, if the role of ``url`` owns the tables; it gets the necessary grants.
    """
    await asyncio.to_thread(_migrate, url, list(systems), role)


async def state(url: str) -> tuple[str | None, str]:
    """Return the version of the database (None before the first migration) and the version that this code needs."""
    return await asyncio.to_thread(_state, url)


@cache
def newest() -> str:
    """Return the version that this code needs; to find it, all versions are imported."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _state(url: str) -> tuple[str | None, str]:
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision(), newest()
    finally:
        engine.dispose()


def _migrate(url: str, systems: list[SystemDeclaration], role: str | None) -> None:
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute(_NO_TIME_LIMIT)
        _wait_for_lock(lock)
        engine = create_engine(driver_url(url))
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(_NO_TIME_LIMIT)
                connection.commit()
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        finally:
            engine.dispose()
        # Each statement in a transaction of its own: locking several tables could deadlock with a pull, which locks
        # its records before the row of its system.
        for system in systems:
            _add_partition(lock, system)
        with lock.transaction():
            _load_reference_data(lock)
            _register(lock, systems)
        _reduce_quarantine(lock, {system.name: system for system in systems})
        if role:
            roles.grant(lock, role)


def _wait_for_lock(connection: psycopg.Connection) -> None:
    """Take the lock of migrations.

    Asked for again and again, because a statement that waits has a snapshot, and an index that the holder of the lock
    builds concurrently would wait for the end of that statement.
    """
    while connection.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        time.sleep(0.05)


def _load_reference_data(connection: psycopg.Connection) -> None:
    """Load areas and agencies; what an agency entered itself (head, contact) stays as it is."""
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


def _register(connection: psycopg.Connection, systems: list[SystemDeclaration]) -> None:
    """Store one row for each system, and disable all other systems."""
    for system in systems:
        _compare_again(connection, system)
        connection.execute(
            "insert into systems (name, title, owner, coverage, tells_changes, every, sends, shared, visible_to,"
            " register)"
            " values (%(name)s, %(title)s, %(owner)s, %(coverage)s, %(reports_all)s, %(every)s, %(sends)s, %(shared)s,"
            " %(visible_to)s, %(register)s)"
            " on conflict (name) do update set title = excluded.title, owner = excluded.owner, enabled = true,"
            " coverage = excluded.coverage, tells_changes = excluded.tells_changes, every = excluded.every,"
            " sends = excluded.sends, shared = excluded.shared, visible_to = excluded.visible_to,"
            " register = excluded.register",
            {
                "name": system.name,
                "title": system.title,
                "owner": system.owner,
                "coverage": system.coverage.value,
                "reports_all": system.reports_all_changes,
                "every": system.every,
                "sends": sorted(action.value for action in system.sends),
                "shared": Jsonb([each.to_json() for each in system.shared]),
                "visible_to": system.visible_to,
                "register": Jsonb(system.register.to_json()) if system.register else None,
            },
        )
    if systems:
        names = [system.name for system in systems]
        connection.execute("update systems set enabled = false where not name = any(%s)", [names])


def _compare_again(connection: psycopg.Connection, system: SystemDeclaration) -> None:
    """Have the matters of a system compared at the end of the transaction if another authority is declared."""
    connection.execute(
        "insert into matters_due (complaint_id) select p.complaint_id from counterparts p join systems s"
        " on s.name = p.system where s.name = %s and s.shared <> %s on conflict do nothing",
        [system.name, Jsonb([each.to_json() for each in system.shared])],
    )


def _reduce_quarantine(connection: psycopg.Connection, systems: Mapping[str, SystemDeclaration]) -> None:
    """Reduce quarantined items from before columns were declared to their columns without free text.

    Free text was not encrypted then, and is removed. The columns of a system that is not enabled are unknown, so
    nothing of its items stays.
    """
    batch = "select id, system, raw from quarantine where not declared order by id limit 500"
    while systems and (rows := connection.execute(batch).fetchall()):
        for id_, name, raw in rows:
            declaration = systems.get(name)
            reduced = mask_columns(keep_columns(raw, declaration.columns), declaration.prose) if declaration else {}
            params = {"id": id_, "raw": Jsonb(reduced)}
            connection.execute("update quarantine set raw = %(raw)s, declared = true where id = %(id)s", params)


def _add_partition(connection: psycopg.Connection, system: SystemDeclaration) -> None:
    """Create the system's partition and the declared indexes.

    Its kinds are a constraint, so that queries for other kinds skip the partition.
    """
    name = f"records_{system.name}"
    partition = sql.Identifier(name)
    _run(
        connection,
        "create table if not exists {} partition of records for values in ({})",
        partition,
        sql.Literal(system.name),
    )
    # Only if it is missing: to create it again would wait for writers, and others behind it.
    if not connection.execute(
        "select from pg_trigger where tgname = 'not_past' and tgrelid = %s::regclass", [name]
    ).rowcount:
        _run(
            connection,
            "create trigger not_past before insert or update or delete or truncate on {}"
            " for each statement execute function forbid_going_past()",
            partition,
        )
    _set_kind_constraint(connection, name, sorted(kind.kind for kind in system.kinds))
    build_index(connection, f"{name}_open", f'"{name}" (external_id) where not final and gone_at is null')
    for kind in system.kinds:
        for suffix, columns in _indexes(kind):
            build_index(connection, f"{name}_{kind.kind}_{suffix}", f"\"{name}\" {columns} where kind = '{kind.kind}'")
    _add_statistics(connection, system)


def _add_statistics(connection: psycopg.Connection, system: SystemDeclaration) -> None:
    """Have PostgreSQL take statistics of the facts that lists are filtered and ordered by.

    It does not use those of an index with a condition: it estimates that any value has one row of 200, and so reads all
    payments to a merchant at once to count ten thousand of them.
    """
    name = f"records_{system.name}"
    expressions = {field: f"(body ->> '{field}')" for kind in system.kinds for field in kind.indexed}
    if any(kind.has_amounts for kind in system.kinds):
        expressions["amount"] = "(coalesce(amount, 0))"
    existing = connection.execute(
        "select stxname from pg_statistic_ext where stxrelid = %s::regclass", [name]
    ).fetchall()
    missing = {field: each for field, each in expressions.items() if (f"{name}_{field}_values",) not in existing}
    for field, expression in missing.items():
        statement = "create statistics if not exists {} on {} from {}"
        parts = sql.Identifier(f"{name}_{field}_values"), sql.SQL(expression), sql.Identifier(name)
        _run(connection, statement, *parts)
    if missing:
        _run(connection, "analyze {}", sql.Identifier(name))


def _set_kind_constraint(connection: psycopg.Connection, partition: str, kinds: list[str]) -> None:
    """Set the constraint on the kinds; replaced only if the kinds have changed, because checking the rows is a scan."""
    constraint = f"kinds_{'_'.join(kinds)}"
    existing = connection.execute(
        "select conname from pg_constraint"
        " where conrelid = %s::regclass and contype = 'c' and conname like 'kinds\\_%%'",
        [partition],
    ).fetchall()
    for (name,) in existing:
        if name != constraint:
            _run(connection, "alter table {} drop constraint {}", sql.Identifier(partition), sql.Identifier(name))
    if (constraint,) not in existing:
        literals = sql.SQL(", ").join(map(sql.Literal, kinds))
        _run(
            connection,
            "alter table {} add constraint {} check (kind in ({}))",
            sql.Identifier(partition),
            sql.Identifier(constraint),
            literals,
        )


def _run(connection: psycopg.Connection, statement: LiteralString, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


def _indexes(kind: type[Kind]) -> Iterable[tuple[str, str]]:
    """Yield name and columns of a kind's indexes: by time, status, amount, each filtered field, and text search.

    A filtered field has an index by time and, if records of the kind have amounts, one by amount: without it, a page of
    the largest payments of a merchant sorts all of them.
    """
    yield "occurred", "(occurred_at desc, id desc)"
    yield "status", "(status, occurred_at desc, id desc)"
    if kind.has_amounts:
        yield "amount", "(coalesce(amount, 0) desc, id desc)"
    for field in kind.indexed:
        if not field.isidentifier():
            raise ValueError(f"{field!r} of kind {kind.kind} is not a field name")
        yield field, f"((body ->> '{field}'), occurred_at desc, id desc)"
        if kind.has_amounts:
            yield f"{field}_amount", f"((body ->> '{field}'), coalesce(amount, 0) desc, id desc)"
    if kind.searched:
        yield "words", f"using gin ({prose_vector(kind.searched)})"
