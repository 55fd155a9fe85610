"""Digests of the content of each table, to compare a restored backup with its original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_TEXT = ("TimeZone=UTC", "DateStyle=ISO", "IntervalStyle=postgres", "extra_float_digits=1", "bytea_output=hex")
"""Settings with which a row has the same text in every session."""

_TABLES = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
order by 1, 2
"""

# The sum of the rows' hashes, so that their order does not matter and no table is sorted.
_ROWS = """
select count(*), coalesce(sum(('x' || substr(hash, 1, 16))::bit(64)::bigint), 0),
    coalesce(sum(('x' || substr(hash, 17, 16))::bit(64)::bigint), 0)
from (select encode(sha256(convert_to(row_of_table::text, 'UTF8')), 'hex') as hash from only {} row_of_table) hashes
"""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The number of rows of a table, and the digest of all of them."""

    rows: int
    digest: str


async def digest_tables(connection: psycopg.AsyncConnection[Any]) -> dict[str, TableDigest]:
    """Return the digest of each table by its name, each partition separately, as the transaction sees it."""
    for setting in _TEXT:
        name, _, value = setting.partition("=")
        await connection.execute("select set_config(%s, %s, false)", [name, value])
    tables = await (await connection.execute(_TABLES)).fetchall()
    return {f"{schema}.{name}": await _digest_table(connection, schema, name) for schema, name in tables}


async def _digest_table(connection: psycopg.AsyncConnection[Any], schema: str, name: str) -> TableDigest:
    counted = await connection.execute(sql.SQL(_ROWS).format(sql.Identifier(schema, name)))
    row = await counted.fetchone()
    assert row
    return TableDigest(row[0], "".join(f"{int(half) % 2**64:016x}" for half in row[1:]))


def differences(expected: dict[str, TableDigest], found: dict[str, TableDigest]) -> list[str]:
    """Return one sentence for each table that differs."""
    messages = [f"{name} is missing." for name in sorted(expected.keys() - found.keys())]
    messages += [f"{name} was not in the backup." for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        before, after = expected[name], found[name]
        if before.rows != after.rows:
            messages.append(f"{name} has {after.rows} rows, not {before.rows}.")
        elif before != after:
            messages.append(f"{name} has {after.rows} rows, but with other content.")
    return messages
