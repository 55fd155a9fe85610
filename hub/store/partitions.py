"""The partitions by month: made ahead, and dropped as a whole once all their rows have expired (decision 0015).

The functions of the database that do both run as the owner of the tables, and wait half a second for a lock. A row of
a month without a partition, because no worker ran or a clock is wrong, goes to the default partition: no write fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import class_row

from hub.store.connection_pool import KEEPALIVES
from hub.store.lock_waits import give_way

TABLES = ("feed", "webhook_attempts")
MONTHS_AHEAD = 3
"""Months after the present one that have partitions: for so long all is well without a worker."""
PATIENCE = 30.0
"""Seconds within which a worker gets a lock, or leaves the work to the next night."""

_COUNT = "select count(*) from {}_default"
_HAS_NEXT = """
select exists (select from monthly_partitions where parent = %s and ends > now() + interval '1 month'
               and coalesce(starts <= now() + interval '1 month', true))
"""

IsDone = Callable[[psycopg.Connection, str], bool]
"""Whether no row of a partition, given by its name, is needed any more."""


@dataclass(frozen=True, slots=True)
class Month:
    """A partition of ``parent``: from ``starts`` (None: from the first row) to before ``ends``.

    Both times are None in the default partition.
    """

    parent: str
    name: str
    starts: datetime | None
    ends: datetime | None


def _connected(url: str) -> psycopg.Connection:
    options: dict[str, Any] = dict(KEEPALIVES)
    return psycopg.connect(url, autocommit=True, **options)


def list_months(connection: psycopg.Connection) -> list[Month]:
    """Return the partitions of all tables, in order."""
    with connection.cursor(row_factory=class_row(Month)) as cursor:
        cursor.execute("select parent, name, starts, ends from monthly_partitions order by parent, ends")
        return cursor.fetchall()


def make_ahead(url: str, within: float = PATIENCE) -> int:
    """Make the partitions that are missing, and return how many. Raises ``TablesInUse`` after ``within`` seconds."""
    with _connected(url) as connection:
        return sum(_make(connection, table, within) for table in TABLES)


def _make(connection: psycopg.Connection, table: str, within: float) -> int:
    made: int = give_way(partial(_call, connection, "select make_months(%s, %s)", table, MONTHS_AHEAD), within=within)
    if made:
        _call(connection, "select count_months(%s)", table)
    return made


def _call(connection: psycopg.Connection, statement: str, *parameters: object) -> Any:
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row
    return row[0]


def drop_expired(url: str, table: str, before: datetime, is_done: IsDone | None = None) -> list[str]:
    """Drop the partitions of ``table`` whose months ended by ``before`` and that ``is_done`` accepts; return them.

    Raises ``TablesInUse`` after ``PATIENCE`` seconds.
    """
    dropped = []
    with _connected(url) as connection:
        for month in list_months(connection):
            expired = month.parent == table and month.ends is not None and month.ends <= before
            if expired and (is_done is None or is_done(connection, month.name)):
                give_way(partial(_call, connection, "select drop_month(%s)", month.name), within=PATIENCE)
                dropped.append(month.name)
    return dropped


@dataclass(frozen=True, slots=True)
class State:
    """How many rows each default partition has, if any, and the tables without a partition of next month."""

    unplaced: dict[str, int]
    missing: list[str]


def state(url: str) -> State:
    """Return whether the partitions of ``TABLES`` are as they should be."""
    with _connected(url) as connection:
        counts = {table: _call(connection, _COUNT.format(table)) for table in TABLES}
        missing = [table for table in TABLES if not _call(connection, _HAS_NEXT, table)]
    return State({table: rows for table, rows in counts.items() if rows}, missing)
