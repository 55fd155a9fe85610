"""Migrates a database to the current version, with its reference data and a partition for each connector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial

import psycopg
from alembic import command
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine

from hub.complaints.agencies import AGENCIES
from hub.complaints.areas import AREAS
from hub.contract import SystemDeclaration
from hub.kept_columns import keep_columns, mask_columns
from hub.store import partitions, roles, schema_version
from hub.store.database import driver_url
from hub.store.lock_waits import GIVE_UP_AFTER, LOCK_TIMEOUT, give_way
from hub.store.record_partitions import add_partition

_LOCK = 0x51_4D_50_4C
"""The advisory lock that serializes the migrations of one database."""

_NO_TIME_LIMIT = "set statement_timeout = 0"
"""The role that migrates may have a time limit, as that of the hub has behind a pooler; an index takes longer."""


async def migrate(url: str, systems: Iterable[SystemDeclaration] = (), role: str | None = None) -> None:
    """Do everything that ``hub migrate`` does; safe to repeat and to run twice at once.

    ``role`` is the role that the hub works as, if the role of ``url`` owns the tables; it gets the necessary grants.
    """
    await asyncio.to_thread(_migrate, url, list(systems), role)


def _migrate(url: str, systems: list[SystemDeclaration], role: str | None) -> None:
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute(_NO_TIME_LIMIT)
        _wait_for_lock(lock)
        schema_version.refuse_newer(lock)
        schema_version.publish_compatibility(lock)
        give_way(partial(_upgrade, url))
        schema_version.publish_compatibility(lock)
        partitions.make_ahead(url, GIVE_UP_AFTER)
        # Each statement in a transaction of its own: locking several tables could deadlock with a pull, which locks
        # its records before the row of its system.
        for system in systems:
            add_partition(lock, system)
        with lock.transaction():
            _load_reference_data(lock)
            _register(lock, systems)
        _reduce_quarantine(lock, {system.name: system for system in systems})
        if role:
            roles.grant(lock, role)


def _upgrade(url: str) -> None:
    """Run the versions that the database lacks, each in a transaction of its own, so that it can be repeated."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_NO_TIME_LIMIT)
            connection.exec_driver_sql(f"set lock_timeout = '{LOCK_TIMEOUT}'")
            connection.commit()
            config = schema_version.config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()


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
