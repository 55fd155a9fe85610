"""Settled changes get positions in an order that holds for each subject, whenever their transactions commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import sequence
from tests.fake_connector import payment
from tests.schema.harness import CAUSE, Stage
from tests.sync import isolated_sequencer
from tests.sync.feed_reader import Reader

ORDER = "select c.subject, c.after ->> 'rating' from feed f join changes c on c.id = f.change_id order by f.position"


async def rate(db: AsyncConnection, ticket: str, rating: int) -> None:
    await db.execute(
        text("update complaints set rating = :rating where ticket = :ticket"), {"rating": rating, "ticket": ticket}
    )


@asynccontextmanager
async def begun(stage: Stage) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction that has its number."""
    async with stage.database.write(CAUSE) as db:
        await db.execute(text("select pg_current_xact_id()"))
        yield db


@pytest.fixture
async def two(stage: Stage) -> tuple[str, str]:
    """Return two complaints whose submissions have positions."""
    first, second = await stage.complaints("RECEIVED", [{}, {}])
    assert await isolated_sequencer.sequence(stage.database) == 2
    return first, second


async def placed(stage: Stage) -> list[tuple[str, str | None]]:
    """Return the changes that got positions since, in order."""
    return (await stage.rows(ORDER))[2:]


async def test_what_is_committed_waits_for_older_transactions(stage: Stage, two: tuple[str, str]) -> None:
    async with begun(stage) as older:
        await rate(older, two[0], 1)
        await stage.run("update complaints set rating = 2 where ticket = :ticket", ticket=two[1])
        assert await isolated_sequencer.sequence(stage.database) == 0
    assert await isolated_sequencer.sequence(stage.database) == 2
    assert await placed(stage) == [(two[0], "1"), (two[1], "2")]


async def test_two_changes_of_one_subject_never_swap(stage: Stage, two: tuple[str, str]) -> None:
    older, between, newer = (AsyncExitStack() for _ in range(3))
    first = await older.enter_async_context(begun(stage))
    await between.enter_async_context(begun(stage))
    last = await newer.enter_async_context(begun(stage))
    await rate(last, two[0], 1)
    await newer.aclose()
    await rate(first, two[0], 2)
    await older.aclose()
    # The older transaction is settled now and the newer is not, though its change came first.
    assert await isolated_sequencer.sequence(stage.database) == 0
    await between.aclose()
    assert await isolated_sequencer.sequence(stage.database) == 2
    assert await placed(stage) == [(two[0], "1"), (two[0], "2")]


async def test_a_delayed_change_delays_no_other_system(stage: Stage, two: tuple[str, str]) -> None:
    await stage.records(payment("P1"))
    async with begun(stage) as older:
        await rate(older, two[0], 1)
        assert await isolated_sequencer.sequence(stage.database) == 1
    assert await isolated_sequencer.sequence(stage.database) == 1


async def test_what_was_rolled_back_has_no_position(stage: Stage, two: tuple[str, str]) -> None:
    async with stage.database.write(CAUSE) as db:
        await rate(db, two[0], 1)
        async with db.begin_nested() as lost:
            await rate(db, two[0], 2)
            await lost.rollback()
        async with db.begin_nested():
            await rate(db, two[0], 3)
    async with stage.database.write(CAUSE) as db:
        await rate(db, two[0], 4)
        await db.rollback()
    await isolated_sequencer.sequence(stage.database)
    assert await placed(stage) == [(two[0], "1"), (two[0], "3")]


async def test_a_sequencer_that_is_killed_leaves_nothing_half_done(stage: Stage, two: tuple[str, str]) -> None:
    await stage.run("update complaints set rating = 1")
    await isolated_sequencer.wait_for_other_databases(stage.database)
    async with stage.database.dedicated() as db:
        assert await sequence.assign_positions(db, "hub") == 2
        await stage.rows(f"select pg_terminate_backend({await db.scalar(text('select pg_backend_pid()'))})")
        with pytest.raises(DBAPIError):
            await db.execute(text("select 1"))
    assert await stage.rows("select last from feed_heads where system = 'hub'") == [(2,)]
    assert await isolated_sequencer.sequence(stage.database) == 2
    assert await stage.rows("select position from feed order by 1") == [(1,), (2,), (3,), (4,)]


async def test_of_two_sequencers_one_has_nothing_to_do(stage: Stage, two: tuple[str, str]) -> None:
    await stage.run("update complaints set rating = 1")
    await isolated_sequencer.wait_for_other_databases(stage.database)
    async with stage.database.write(CAUSE) as db:
        assert await sequence.assign_positions(db, "hub") == 2
        assert await isolated_sequencer.sequence(stage.database) == 0
    assert await isolated_sequencer.sequence(stage.database) == 0


async def test_a_backlog_is_worked_off_in_parts(stage: Stage) -> None:
    await stage.records(*(payment(f"P{number}", version=version) for version in (1, 2) for number in range(30)))
    placed = []
    await isolated_sequencer.wait_for_other_databases(stage.database)
    for limit in (7, 7, 1, 100, 100):
        async with stage.database.write(CAUSE) as db:
            placed.append(await sequence.assign_positions(db, "fake", limit))
    assert placed == [7, 7, 1, 15, 0]
    reader = Reader(stage.database)
    await reader.rest()
    await reader.check(stage)


async def test_an_idle_sequencer_writes_nothing(stage: Stage, two: tuple[str, str]) -> None:
    async with stage.database.write(CAUSE) as db:
        assert await sequence.assign_positions(db, "hub") == 0
        assert await db.scalar(text("select pg_current_xact_id_if_assigned()::text")) is None


async def test_the_figures_show_the_progress(stage: Stage, two: tuple[str, str]) -> None:
    async def progress() -> list[tuple[str, int, bool]]:
        async with stage.database.read() as db:
            return [
                (one.system, one.position, one.lag > 0)
                for one in await sequence.sequencer_status(db)
                if one.system == "hub"
            ]

    assert await progress() == [("hub", 2, False)]
    await stage.run("update complaints set rating = 1")
    assert await progress() == [("hub", 2, True)]
    await isolated_sequencer.sequence(stage.database)
    assert await progress() == [("hub", 4, False)]


async def restored(stage: Stage) -> None:
    """Restore a dump in another cluster, whose transactions have other numbers."""
    await stage.run("update feed_heads set cluster = 1, horizon = '99999999'")


async def test_it_continues_after_a_restore_into_another_cluster(stage: Stage, two: tuple[str, str]) -> None:
    await restored(stage)
    await stage.run("update complaints set rating = 1")
    assert await isolated_sequencer.sequence(stage.database) == 2
    await stage.run("update complaints set rating = 2")
    assert await isolated_sequencer.sequence(stage.database) == 2
    assert len(await stage.rows(ORDER)) == 6


async def expire(stage: Stage, **kept: int) -> int:
    async with stage.database.write(CAUSE) as db:
        return await sequence.expire(db, timedelta(**kept))


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_expired_changes_leave_the_feed_and_stay_in_the_history(
    stage: Stage, two: tuple[str, str], elsewhere: bool
) -> None:
    await stage.run("update feed set settled_at = now() - interval '30 days 1 minute'")
    await stage.run("update complaints set rating = 1")
    assert await isolated_sequencer.sequence(stage.database) == 2
    assert (await expire(stage, days=30), await expire(stage, days=30)) == (2, 0)
    if elsewhere:
        await restored(stage)
    await stage.run("update complaints set rating = 2")
    assert await isolated_sequencer.sequence(stage.database) == 2
    readable = "select position from feed join feed_heads using (system) where position > dropped order by 1"
    assert await stage.rows(readable) == [(3,), (4,), (5,), (6,)]
    assert await stage.rows("select dropped, last from feed_heads where system = 'hub'") == [(2, 6)]
    assert await stage.rows("select count(*) from changes") == [(6,)]


async def test_nothing_is_dropped_while_an_old_change_waits(stage: Stage, two: tuple[str, str]) -> None:
    await stage.run("update complaints set rating = 1")
    assert await expire(stage, days=0) == 0
    await isolated_sequencer.sequence(stage.database)
    assert await expire(stage, days=0) == 4


async def test_the_changes_after_the_horizon_are_found_by_their_index(stage: Stage) -> None:
    await stage.records(*(payment(f"P{number}") for number in range(3_000)))
    await isolated_sequencer.sequence(stage.database)
    await stage.run("analyze changes, feed, feed_heads")
    ((horizon,),) = await stage.rows("select horizon::text from feed_heads where system = 'fake'")
    parameters = {"system": "fake", "limit": 1_000, "horizon": horizon, "dropped_change": 0, "last": 3_000, "here": 1}
    plan: list[Any] = await stage.rows("explain " + sequence._ASSIGN, **parameters)
    plan_text = "\n".join(line for (line,) in plan)
    assert "Index Cond: ((system = 'fake'::text) AND (transaction >= " in plan_text
    assert "Seq Scan on changes" not in plan_text
