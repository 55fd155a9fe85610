"""The partition of each system in the table of records, with its constraint, indexes and statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

import psycopg
from psycopg import sql

from hub.contract import SystemDeclaration
from hub.kinds import Kind
from hub.store.index_builds import build_index
from hub.store.lock_waits import LOCK_TIMEOUT, give_way
from hub.store.queries.text_search import prose_vector


def add_partition(connection: psycopg.Connection, system: SystemDeclaration) -> None:
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
    """Set the constraint on the kinds if they have changed; the rows are checked while others read and write them."""
    constraint = f"kinds_{'_'.join(kinds)}"
    existing: dict[str, bool] = dict(
        connection.execute(
            "select conname, convalidated from pg_constraint"
            " where conrelid = %s::regclass and contype = 'c' and conname like 'kinds\\_%%'",
            [partition],
        ).fetchall()
    )
    parts = sql.Identifier(partition), sql.Identifier(constraint)
    if constraint not in existing:
        literals = sql.SQL(", ").join(map(sql.Literal, kinds))
        _run(connection, "alter table {} add constraint {} check (kind in ({})) not valid", *parts, literals)
    for name in existing.keys() - {constraint}:
        _run(connection, "alter table {} drop constraint {}", sql.Identifier(partition), sql.Identifier(name))
    if not existing.get(constraint):
        _run(connection, "alter table {} validate constraint {}", *parts)


def _run(connection: psycopg.Connection, statement: LiteralString, *parts: sql.Composable) -> None:
    def attempt() -> None:
        with connection.transaction():
            connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
            connection.execute(sql.SQL(statement).format(*parts))

    give_way(attempt)


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
