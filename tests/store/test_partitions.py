"""Partitions by month: made ahead, dropped when all in them has expired, and never in the way of a write."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from hub.cli.server_checks import check_months
from hub.store import lock_waits, partitions
from hub.store.feed import sequence
from hub.store.lock_waits import TablesInUse
from hub.store.migrate import migrate
from hub.store.partitions import Month
from tests.store.test_migrations import upgrade
from tests.waits import HANGS_AFTER, blocked_at, hanging

BEFORE, SINCE = "0039", "0040"
NOW = datetime.now(UTC)
THIS_MONTH = datetime(NOW.year, NOW.month, 1, tzinfo=UTC)

FILLED = """
insert into feed (system, position, change_id, settled_at)
select 'fake', n, n, now() - (1000 - n) * interval '2 hours' from generate_series(1, 1000) n;
insert into feed_heads (system, cluster, last) values ('fake', 1, 1000);
"""
CLIENT = """
insert into clients (id, name, organisation, auth_method, grants, scopes)
values ('shop', 'S', 'S', 'none', '{}', '{}')
"""
HOOKS = """
insert into webhooks (id, client, url, content, format, per_minute, sealed, state, cursor, retry_at, next_at,
    created_at)
values ('w', 'shop', 'https://a.example', 'THIN', 'STANDARD', 60, '', 'ACTIVE', '', now(), now(), now());
insert into webhook_deliveries (id, webhook_id, system, position, kind, subject, cursor, since, due_at, created_at)
values ('msg_1', 'w', 'fake', 1, 'payment', 'P1', '', now(), now(), now());
"""
ATTEMPTED = "insert into webhook_attempts (delivery_id, at, milliseconds) values ('msg_1', {}, 5) returning id"
ROWS = {
    "feed": "select f::text from feed f order by 1",
    "attempts": "select a::text from webhook_attempts a order by id",
}
PLACES = "select tableoid::regclass::text, count(*) from feed group by 1 order by 1"
POSITION = "insert into feed (system, position, change_id, settled_at) values ('fake', %s, %s, %s)"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as opened:
        yield opened


async def rows(connection: psycopg.AsyncConnection[Any], query: str, *parameters: object) -> list[Any]:
    return await (await connection.execute(query.encode(), parameters)).fetchall()


def months(url: str, table: str) -> list[Month]:
    with psycopg.connect(url) as opened:
        return [month for month in partitions.list_months(opened) if month.parent == table]


def month_after(start: datetime, number: int) -> datetime:
    total = start.year * 12 + start.month - 1 + number
    return datetime(total // 12, total % 12 + 1, 1, tzinfo=UTC)


async def add_month(connection: psycopg.AsyncConnection[Any], start: datetime, table: str = "feed") -> str:
    """Make the partition of a table for a month, as a worker did in its time."""
    name = f"{table}_{start:%Y_%m}"
    names = {"table": sql.Identifier(table), "rest": sql.Identifier(f"{table}_default")}
    parts = names | {
        "name": sql.Identifier(name),
        "start": sql.Literal(start),
        "end": sql.Literal(month_after(start, 1)),
    }
    await connection.execute(
        sql.SQL("create table {name} (like {rest} including all excluding identity)").format(**parts)
    )
    attach = "alter table {table} attach partition {name} for values from ({start}) to ({end})"
    await connection.execute(sql.SQL(attach).format(**parts))
    return name


@pytest.mark.parametrize("zone", ["UTC", "Asia/Jakarta"])
async def test_months_are_made_ahead_in_utc(database_url: str, zone: str) -> None:
    url = f"{database_url}{'&' if '?' in database_url else '?'}options=-cTimeZone%3D{zone}"
    with psycopg.connect(url, autocommit=True) as opened:
        drop = "select drop_month(name) from monthly_partitions where starts >= %s"
        opened.execute(drop, [month_after(THIS_MONTH, partitions.MONTHS_AHEAD - 1)])
    assert [partitions.make_ahead(url) for _ in range(2)] == [2 * len(partitions.TABLES), 0]
    for table in partitions.TABLES:
        *made_months, rest = months(url, table)
        expected = [month_after(THIS_MONTH, number) for number in range(partitions.MONTHS_AHEAD + 2)]
        assert [(each.starts, each.ends) for each in made_months] == list(pairwise(expected))
        assert (rest.name, rest.starts, rest.ends) == (f"{table}_default", None, None)
    assert (await check_months(url)).label == "ok"
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute("select drop_month(name) from monthly_partitions where starts > now() and parent = 'feed'")
    assert "no partition of next month" in (await check_months(url)).message


async def test_a_row_of_a_month_without_partition_is_kept(
    database_url: str, connection: psycopg.AsyncConnection[Any]
) -> None:
    """Its month is made no more, because a partition cannot be made beside its rows; the months after it are."""
    late = month_after(THIS_MONTH, partitions.MONTHS_AHEAD)
    await connection.execute(
        "select drop_month(name) from monthly_partitions where parent = 'feed' and starts = %s", [late]
    )
    await connection.execute(POSITION.encode(), [1, 1, late + timedelta(days=1)])
    await connection.execute(POSITION.encode(), [2, 2, NOW])
    assert await rows(connection, "select position from feed order by 1") == [(1,), (2,)]
    assert partitions.state(database_url).unplaced == {"feed": 1}
    finding = await check_months(database_url)
    assert (finding.ok, finding.waits, finding.message[:35]) == (True, True, "1 rows of feed are of a month that ")
    assert partitions.make_ahead(database_url) == 0
    await rows(connection, "select make_months('feed', %s)", partitions.MONTHS_AHEAD + 1)
    assert months(database_url, "feed")[-2].starts == month_after(late, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await connection.execute(POSITION.encode(), [2, 3, NOW])


async def test_a_month_is_dropped_once_nobody_may_read_it(
    database_url: str, connection: psycopg.AsyncConnection[Any]
) -> None:
    old, older = month_after(THIS_MONTH, -2), month_after(THIS_MONTH, -3)
    names = [await add_month(connection, start) for start in (older, old)]
    await connection.execute("insert into feed_heads (system, cluster, last, dropped) values ('fake', 1, 2, 1)")
    for position, start in enumerate((older, old), 1):
        await connection.execute(POSITION.encode(), [position, position, start])
    # The second position is expired, and not dropped, as while an older change has no position.
    assert partitions.drop_expired(database_url, "feed", THIS_MONTH, sequence.is_dropped) == names[:1]
    await connection.execute("update feed_heads set dropped = 2")
    assert partitions.drop_expired(database_url, "feed", month_after(old, 1) - timedelta(seconds=1)) == []
    assert partitions.drop_expired(database_url, "feed", month_after(old, 1), sequence.is_dropped) == names[1:]
    assert await rows(connection, "select * from feed") == []
    with pytest.raises(psycopg.errors.RaiseException, match="no partition of a month"):
        await connection.execute("select drop_month('feed_default')")


async def test_reads_go_on_while_a_month_is_to_be_dropped(
    database_url: str, connection: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_waits, "PAUSE", 0.01)
    monkeypatch.setattr(partitions, "PATIENCE", HANGS_AFTER)
    name = await add_month(connection, month_after(THIS_MONTH, -2))
    async with hanging(), await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("select from feed")
        dropping = asyncio.create_task(asyncio.to_thread(partitions.drop_expired, database_url, "feed", THIS_MONTH))
        await blocked_at(database_url)
        await connection.execute("select from feed")
        assert not dropping.done()
        monkeypatch.setattr(partitions, "PATIENCE", 0.0)
        with pytest.raises(TablesInUse):
            await asyncio.to_thread(partitions.drop_expired, database_url, "feed", THIS_MONTH)
        await holder.rollback()
        assert await dropping == [name]


async def test_a_filled_database_keeps_its_rows(empty_database_url: str) -> None:
    """The rows stay in their file, grants and numbers go on, and what was interrupted is repeated."""
    url, role = empty_database_url, f"hub_app_{uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(upgrade, url, BEFORE)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as opened:
        await opened.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
        try:
            await opened.execute(FILLED.encode())
            for statement in (CLIENT, HOOKS):
                await opened.execute(statement.encode())
            await opened.execute(ATTEMPTED.format("now() - interval '5 days'").encode())
            for table in partitions.TABLES:
                grant = sql.SQL("grant select, insert on {} to {}")
                await opened.execute(grant.format(sql.Identifier(table), sql.Identifier(role)))
            await opened.execute("alter table feed add constraint feed_ends_2000_01 check (position > 0) not valid")
            before = {name: await rows(opened, query) for name, query in ROWS.items()}
            file = await rows(opened, "select pg_relation_filenode('feed')")
            await asyncio.to_thread(upgrade, url, SINCE)
            assert {name: await rows(opened, query) for name, query in ROWS.items()} == before
            assert await rows(opened, "select pg_relation_filenode('feed_past')") == file
            assert await rows(opened, PLACES) == [("feed_past", 1000)]
            assert await rows(opened, "select conname from pg_constraint where conname like '%%\\_ends\\_%%'") == []
            await _goes_on(opened, role)
            (past, *after), (*_, rest) = months(url, "feed"), months(url, "feed")
            assert (past.name, past.starts, past.ends) == ("feed_past", None, month_after(THIS_MONTH, 2))
            assert after == [rest]
            await migrate(url)
            assert [each.starts for each in months(url, "feed")[1:-1]] == [
                month_after(THIS_MONTH, number) for number in range(2, partitions.MONTHS_AHEAD + 1)
            ]
        finally:
            await opened.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))


async def _goes_on(opened: psycopg.AsyncConnection[Any], role: str) -> None:
    """Write as a role that may do so, and as nothing more, before and after the end of the old partition."""
    await opened.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    for position, at in ((1001, NOW), (1002, NOW + timedelta(days=100))):
        await opened.execute(POSITION.encode(), [position, position, at])
    with pytest.raises(InsufficientPrivilege):
        await opened.execute("delete from feed")
    await opened.execute("reset role")
    assert await rows(opened, PLACES) == [("feed_default", 1), ("feed_past", 1001)]
    for number, time in ((2, "now()"), (3, "now() + interval '100 days'")):
        assert await rows(opened, ATTEMPTED.format(time)) == [(number,)]
    await opened.execute("delete from feed_default; delete from webhook_attempts_default")
