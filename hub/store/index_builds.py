"""Builds indexes while others read and write their tables."""

from __future__ import annotations

from typing import Any

from psycopg import sql

_VALID = "select indisvalid from pg_index where indexrelid = to_regclass(quote_ident(%s))"


def build_index(connection: Any, name: str, definition: str) -> None:
    """Build the index ``name`` with this ``definition`` (table, columns and condition) unless it exists.

    ``connection`` is one of psycopg without a transaction. A build that was interrupted leaves an index that is not
    valid: it is built anew. The build waits for transactions as long as necessary: nothing waits behind it.
    """
    found = connection.execute(_VALID, [name]).fetchone()
    if found == (True,):
        return
    index = sql.Identifier(name)
    (lock_timeout,) = connection.execute("show lock_timeout").fetchone()
    connection.execute("set lock_timeout = 0")
    if found:
        connection.execute(sql.SQL("drop index concurrently {}").format(index))
    connection.execute(sql.SQL("create index concurrently {} on ").format(index) + sql.SQL(definition))
    connection.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(lock_timeout)))
