"""Partitions a table by month: its rows stay where they are, and it becomes the first partition of a new table.

PostgreSQL attaches a partition without a scan if a valid constraint proves which months its rows are of. The constraint
is validated beforehand, while others read and write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString

from alembic import op
from psycopg import sql

_CHECKS = """
select conname, convalidated from pg_constraint where conrelid = %s::regclass and conname like '%%\\_ends\\_%%'
"""
_IDENTITY = "select attname from pg_attribute where attrelid = %s::regclass and attidentity <> ''"
_LIKE = "(like {past} including defaults including comments including identity)"
_CONTINUE = "select setval(pg_get_serial_sequence(%s, %s), coalesce(max({identity}), 0) + 1, false) from {past}"


def constrain(table: str, column: str) -> datetime:
    """Add a valid constraint to ``table``: all rows are of before a month, which is returned; rows refused are later.

    That month is the one after the next, or the second after the latest row. Runs outside of a transaction, and can be
    repeated: ``adopt`` has to follow within a month.
    """
    with op.get_context().autocommit_block():
        driver = _driver()
        parts: dict[str, sql.Composable] = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
        latest = "select greatest(now(), max({column})) from {table}"
        end = _second_month_after(_run(driver, latest, parts).fetchone()[0])
        name = f"{table}_ends_{end:%Y_%m}"
        existing = dict(driver.execute(_CHECKS, [table]).fetchall())
        for other in existing.keys() - {name}:
            _run(driver, "alter table {table} drop constraint {name}", {**parts, "name": sql.Identifier(other)})
        parts |= {"name": sql.Identifier(name), "end": sql.Literal(end)}
        if name not in existing:
            _run(driver, "alter table {table} add constraint {name} check ({column} < {end}) not valid", parts)
        if not existing.get(name):
            _run(driver, "alter table {table} validate constraint {name}", parts)
        return end


def adopt(table: str, column: str, end: datetime) -> None:
    """Give the name of ``table`` to a partitioned table, in which the present one has all rows of before ``end``.

    That one is called ``<table>_past`` then, and is dropped if it is empty. Its keys are those of each other partition,
    also where they do not name the time: they are unique within each partition.
    """
    driver, past, rest = _driver(), f"{table}_past", f"{table}_default"
    names = {"table": table, "past": past, "rest": rest, "column": column, "check": f"{table}_ends_{end:%Y_%m}"}
    parts = {name: sql.Identifier(value) for name, value in names.items()} | {"end": sql.Literal(end)}
    _run(driver, "lock table {table} in access exclusive mode", parts)
    (empty,) = _run(driver, "select not exists (select from {table})", parts).fetchone()
    _run(driver, "alter table {table} rename to {past}", parts)
    _run(driver, "create table {rest} (like {past} including all excluding constraints excluding identity)", parts)
    _run(driver, "create table {table} " + _LIKE + " partition by range ({column})", parts)
    for target in (table, rest):
        driver.execute("select copy_privileges(%s::regclass, %s::regclass)", [past, target])
    _move_identity(driver, table, parts)
    _run(driver, "alter table {table} attach partition {rest} default", parts)
    if empty:
        _run(driver, "drop table {past}", parts)
        return
    _run(driver, "alter table {table} attach partition {past} for values from (minvalue) to ({end})", parts)
    _run(driver, "alter table {past} drop constraint {check}", parts)


def _move_identity(driver: Any, table: str, parts: Mapping[str, sql.Composable]) -> None:
    """Let the new table number rows from where the old one ended: a partition must not number them itself."""
    for (identity,) in driver.execute(_IDENTITY, [table]).fetchall():
        named = {**parts, "identity": sql.Identifier(identity)}
        driver.execute(sql.SQL(_CONTINUE).format(**named), [table, identity])
        _run(driver, "alter table {past} alter {identity} drop identity", named)


def _second_month_after(time: datetime) -> datetime:
    months = time.astimezone(UTC).year * 12 + time.astimezone(UTC).month + 1
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _driver() -> Any:
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    return driver


def _run(driver: Any, statement: LiteralString, parts: Mapping[str, sql.Composable]) -> Any:
    return driver.execute(sql.SQL(statement).format(**parts))
