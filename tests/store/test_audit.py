"""The audit trail: rows get actor and client from their transaction, and cannot be deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request

from hub.store import audit
from hub.store.database import Cause, Database
from hub.web.throttling import network_of

CAUSE = Cause("oauth:login", "u_1", "request-1", "c_gojek", "203.0.113.0/24")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    database = Database(database_url)
    yield database
    await database.close()


async def rows(database: Database) -> list[tuple[Any, ...]]:
    """Return the audit trail without ids and times."""
    names = "action, subject, refused, details, actor, client, network, request_id"
    async with database.read() as db:
        return [tuple(row) for row in await db.execute(text(f"select {names} from audit_events order by id"))]


async def test_a_row_has_actor_and_origin_of_its_transaction(database: Database) -> None:
    async with database.write(CAUSE) as db:
        await audit.record(db, "sign-in", "user:u_1", refused=True, reason="password")
    async with database.write(Cause("pull:fake", "worker", "run-1")) as db:
        await audit.record(db, "read", [])
        await audit.record(db, "read", ["complaint:1", "complaint:2"])
    assert await rows(database) == [
        (
            *("sign-in", "user:u_1", True, {"reason": "password"}),
            *("u_1", "c_gojek", "203.0.113.0/24", "request-1"),
        ),
        ("read", "complaint:1", False, {}, "worker", None, None, "run-1"),
        ("read", "complaint:2", False, {}, "worker", None, None, "run-1"),
    ]


async def test_a_row_is_committed_with_its_action(database: Database) -> None:
    async def fails() -> None:
        async with database.write(CAUSE) as db:
            await audit.record(db, "sign-in")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await rows(database) == []


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_events set actor = 'nobody'",
        "delete from audit_events",
        "truncate audit_events",
        "update reads set reader = 'nobody'",
        "delete from reads",
        "truncate reads",
    ],
)
async def test_nothing_changes_what_was_written(database: Database, statement: str) -> None:
    async with database.write(CAUSE) as db:
        await audit.record(db, "sign-in")
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write(CAUSE) as db:
            await db.execute(text(statement))
    assert len(await rows(database)) == 1


async def test_expired_rows_are_deleted_and_the_deletion_is_recorded(database: Database) -> None:
    async with database.write(CAUSE) as db:
        for days in (10, 400, 800):
            old = f"insert into audit_events (action, at) values ('{days}', now() - interval '{days} days')"
            await db.execute(text(old))
    async with database.write(Cause("delete-expired", "worker", "1")) as db:
        assert await audit.expire(db, timedelta(days=700)) == 1
    assert [row[:4] for row in await rows(database)] == [
        ("10", None, False, {}),
        ("400", None, False, {}),
        ("audit:expire", None, False, {"rows": 1}),
    ]
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write(CAUSE) as db:
            await audit.expire(db, timedelta(days=5))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix", ""),
        (None, ""),
    ],
)
def test_an_address_is_truncated(address: str | None, network: str) -> None:
    client = None if address is None else (address, 1)
    assert network_of(Request({"type": "http", "client": client})) == network
