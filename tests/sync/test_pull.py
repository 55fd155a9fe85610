"""Pulls: pages and cursor are committed together, repeats change nothing, an error affects its own system only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import Page, Run, SystemDeclaration
from hub.errors import ConfigurationError, TryLater
from hub.http_client import Http
from hub.store import systems
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.store.tables import changes, pending_items, quarantine, record_keys, records
from hub.sync.batch import Batch
from hub.sync.ingest import Ingest
from hub.sync.pull import ANALYZE_AFTER, Pull, PullResult
from tests.fake_connector import Fake, FakeSettings, World, order, payment
from tests.waits import hanging

SEAL = FieldCipher([b"k" * 32], b"s" * 32)


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def pull(database: Database, world: World, *, full: bool = False) -> PullResult:
    async with Http("http://127.0.0.1:9") as http:
        return await Pull(database, Fake(FakeSettings(), http, world), SEAL).run(full=full)


async def rows(database: Database, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    async with database.read() as db:
        found = await db.execute(select(*(table.c[name] for name in columns)).order_by(*(table.c[n] for n in columns)))
        return [tuple(row) for row in found]


async def state(database: Database) -> systems.SystemState:
    async with database.read() as db:
        (found,) = await systems.overview(db)
        return found


async def test_a_first_pull_stores_each_item_with_keys_and_history(database: Database) -> None:
    world = World([[payment("P1"), payment("P2")], [payment("P2"), payment("P3")]])
    result = await pull(database, world)
    assert (result.outcome, result.tally.created, result.tally.unchanged) == ("DONE", 3, 1)
    assert [row[0] for row in await rows(database, records, "external_id")] == ["P1", "P2", "P3"]
    assert ("payment", "P1") in await rows(database, record_keys, "name", "value")
    assert await rows(database, changes, "subject", "cause") == [(f"P{n}", "pull:fake") for n in (1, 2, 3)]
    assert (await state(database)).records == 3


async def test_after_a_large_pull_the_database_plans_by_what_is_there(database: Database) -> None:
    await pull(database, World([[payment(f"P{n}") for n in range(ANALYZE_AFTER)]]))
    async with database.read() as db:
        counted = await db.execute(text("select relname, reltuples from pg_class where relname ~ '^record(s|_keys)$'"))
        assert {row.relname: row.reltuples for row in counted} == {
            "records": ANALYZE_AFTER,
            "record_keys": ANALYZE_AFTER,
        }


async def test_a_second_run_stores_nothing(database: Database) -> None:
    world = World([[payment("P1"), order("O1")]])
    await pull(database, world)
    again = await pull(database, world, full=True)
    assert (again.tally.created, again.tally.updated, again.tally.unchanged) == (0, 0, 2)
    assert len(await rows(database, changes, "id")) == 2


async def test_personal_columns_are_nowhere_in_the_database(database: Database) -> None:
    await pull(database, World([[payment("P1"), payment("P2", broken=True), payment("P3", status="ANEH")]]))
    async with database.read() as db:
        for table in ("records", "changes", "quarantine", "pending_items", "systems"):
            dump = await db.scalar(text(f"select string_agg(t::text, '') from {table} t"))
            assert "Uji Coba" not in (dump or "")


async def test_an_older_item_changes_nothing_and_a_newer_one_does(database: Database) -> None:
    await pull(database, World([[payment("P1", version=5, amount="5000")]]))
    stale = await pull(database, World([[payment("P1", version=4, amount="1")]]), full=True)
    assert (stale.tally.stale, stale.tally.updated) == (1, 0)
    newer = await pull(database, World([[payment("P1", version=6, status="REFUNDED")]]), full=True)
    assert newer.tally.updated == 1
    (_, change) = await rows(database, changes, "id", "fields", "before", "after")
    assert change[1] == ["amount", "status", "told"]
    assert (change[2]["status"], change[3]["status"]) == ("SUCCESS", "REFUNDED")


async def test_a_broken_item_is_quarantined_and_the_rest_is_kept(database: Database) -> None:
    world = World([[payment("P1"), payment("P2", broken=True)]])
    for _ in range(2):
        await pull(database, world, full=True)
    assert await rows(database, quarantine, "reason", "times") == [("broken: it says so", 2)]
    assert (await state(database)).records == 1


async def test_an_unknown_code_is_kept_until_a_known_one_arrives(database: Database) -> None:
    await pull(database, World([[payment("P1", status="ANEH")]]))
    assert await rows(database, records, "status", "told") == [("UNKNOWN", "ANEH")]
    assert (await state(database)).quarantined == 1
    await pull(database, World([[payment("P1", version=2)]]), full=True)
    assert await rows(database, records, "status", "told") == [("SUCCESS", "SUCCESS")]
    assert (await state(database)).quarantined == 0


async def test_a_failure_mid_pull_keeps_the_cursor_of_the_stored_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    world = World([[payment("P1")], [payment("P2")], [payment("P3")]], fail_at=1, error=TryLater("HTTP 503"))
    result = await pull(database, world)
    assert (result.outcome, result.error) == ("DOWN", "HTTP 503")
    assert (await state(database)).state == "DOWN"
    world.error = None
    await pull(database, world)
    assert world.runs[-1].cursor == {"page": 1}
    assert (await state(database)).state == "UP"
    assert (await state(database)).records == 3


async def test_a_page_that_is_not_stored_keeps_the_previous_cursor(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    world, take = World([[payment("P1")], [payment("P2")], [payment("P3")]]), Ingest.store_batch

    async def failing(ingest: Ingest, db: AsyncConnection, batch: Batch, *arguments: Any, **way: Any) -> Any:
        if batch.items[0].external_id == "P2":
            await db.execute(text("select 1 / 0"))
        return await take(ingest, db, batch, *arguments, **way)

    monkeypatch.setattr(Ingest, "store_batch", failing)
    with pytest.raises(DBAPIError):
        await pull(database, world)
    monkeypatch.setattr(Ingest, "store_batch", take)
    await pull(database, world)
    assert world.runs[-1].cursor == {"page": 1}
    assert (await state(database)).records == 3


async def test_a_stopped_system_is_up_again_after_a_complete_pull(database: Database) -> None:
    world = World([[payment("P1")]], fail_at=0, error=ConfigurationError("401 after a fresh token"))
    assert (await pull(database, world)).outcome == "STOPPED"
    async with database.read() as db:
        assert await systems.due(db) == []
    world.error = None
    assert (await pull(database, world)).outcome == "DONE"
    assert (await state(database)).state == "UP"


async def test_an_outage_is_logged_at_its_start_and_end(database: Database) -> None:
    world = World([[payment("P1")]], fail_at=0, error=TryLater("no answer"))
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await pull(database, world)
        world.error = None
        for _ in range(2):
            await pull(database, world)
    assert [each["event"] for each in logged] == ["system.down", "system.recovered"]


async def test_only_a_complete_full_run_finds_what_is_gone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    await pull(database, World([[payment("P1")], [payment("P2")]]))
    cut = World([[payment("P1")], []], fail_at=1, error=TryLater("cut"))
    assert (await pull(database, cut, full=True)).gone == 0
    assert (await pull(database, World([[payment("P1")]]), full=True)).gone == 1
    assert (await state(database)).records == 1
    assert (await rows(database, changes, "id", "subject", "fields"))[-1][1:] == ("P2", ["gone_at"])
    back = await pull(database, World([[payment("P1"), payment("P2")]]), full=True)
    assert (back.gone, (await state(database)).records) == (0, 2)


async def test_an_interrupted_first_run_resumes_and_removes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    world = World([[payment("P1")], [payment("P2")]], fail_at=1, error=TryLater("cut"))
    await pull(database, world)
    world.error = None
    result = await pull(database, world)
    assert (result.gone, result.tally.created, (await state(database)).records) == (0, 1, 2)


@pytest.mark.parametrize("batch", [1, 100])
async def test_the_last_of_equal_versions_wins_and_a_rerun_is_stable(
    database: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", batch)
    world = World([[order("O1", status="PENDING")], [order("O2")], [order("O1", status="COMPLETED")]])
    for _ in range(3):
        await pull(database, world, full=True)
    assert await rows(database, records, "external_id", "status") == [("O1", "COMPLETED"), ("O2", "COMPLETED")]
    assert len(await rows(database, changes, "id")) == (3 if batch == 1 else 2)
    assert await rows(database, pending_items, "external_id") == []


@pytest.mark.parametrize("batch", [1, 100])
async def test_two_contradicting_final_states_are_a_doubt(
    database: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", batch)
    world = World([[order("O1", status="FAILED")], [order("O1", status="COMPLETED")]])
    for _ in range(2):
        await pull(database, world, full=True)
    assert await rows(database, records, "status", "told") == [("IN_DOUBT", "COMPLETED")]


async def test_two_pulls_of_one_system_do_not_run_at_once(database: Database) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    class Slow(Fake):
        async def pages(self, run):  # type: ignore[no-untyped-def]
            begun.set()
            await finish.wait()
            async for page in super().pages(run):
                yield page

    async with Http("http://127.0.0.1:9") as http:
        slow = Slow(FakeSettings(), http, World([[payment("P1")]]))
        first = asyncio.create_task(Pull(database, slow, SEAL).run())
        await begun.wait()
        assert (await pull(database, World([[payment("P1")]]))).outcome == "BUSY"
        finish.set()
        assert (await first).outcome == "DONE"
        assert (await pull(database, World([[payment("P1")]]))).outcome == "DONE"


async def test_hostile_text_is_stored_not_fatal(database: Database) -> None:
    world = World([[payment("P1\x00"), payment("P2", corridor="\ud800"), payment("P3", note="x" * 10_000)]])
    assert (await pull(database, world)).tally.created == 3


@pytest.mark.parametrize(
    "hostile",
    [{"amount": "1e17"}, {"amount": "NaN"}, {"version": 2**63}, {"merchant": "x" * 9_000}, {"id": "x" * 9_000}],
)
async def test_an_unstorable_item_is_quarantined_and_the_rest_kept(database: Database, hostile: dict[str, Any]) -> None:
    result = await pull(database, World([[payment("P1"), {**payment("P2"), **hostile}]]))
    assert (result.outcome, result.tally.created, result.tally.quarantined) == ("DONE", 1, 1)


async def test_a_listed_item_that_cannot_be_read_is_not_gone(database: Database) -> None:
    await pull(database, World([[payment("P1"), payment("P2")]]))
    result = await pull(database, World([[payment("P1"), payment("P2", broken=True)]]), full=True)
    assert (result.gone, (await state(database)).records) == (0, 2)


async def test_an_interrupted_full_run_resumes_and_detects_removals(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    await pull(database, World([[payment("P1")], [payment("P2")], [payment("P3")]]))
    world = World([[payment("P1")], [payment("P2")]], fail_at=1, error=TryLater("cut"))
    await pull(database, world, full=True)
    world.error = None
    result = await pull(database, world)
    assert (world.runs[-1].cursor, result.gone) == ({"page": 1}, 1)


async def test_a_nameless_item_before_an_interruption_stops_removals(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    await pull(database, World([[payment("P1")], [payment("P2")]]))
    pages = [[payment("", broken=True)], [payment("P1")]]
    world = World(pages, fail_at=1, error=TryLater("cut"))
    assert (await pull(database, world, full=True)).tally.unidentified == 1
    world.error = None
    assert (await pull(database, world)).gone == 0
    assert (await pull(database, World([[payment("P1")]]), full=True)).gone == 1


async def test_a_clock_set_back_during_a_full_run_removes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Back(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(hours=1)

    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    world = World([[payment("P1")], [payment("P2")]], fail_at=1, error=TryLater("cut"))
    await pull(database, world, full=True)
    world.error = None
    monkeypatch.setattr("hub.sync.pull.datetime", Back)
    assert (await pull(database, world)).gone == 0
    assert (await state(database)).records == 2


@pytest.mark.parametrize(("times", "outcome"), [(2, "DONE"), (1_000_000_000, "STOPPED")])
async def test_a_page_may_repeat_but_not_for_ever(database: Database, times: int, outcome: str) -> None:
    class Turning(Fake):
        async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
            for _ in range(times):
                yield Page([payment("P1")], {"page": 1})

    async with Http("http://127.0.0.1:9") as http, hanging():
        result = await Pull(database, Turning(FakeSettings(), http, World()), SEAL).run()
    assert (result.outcome, (await state(database)).records) == (outcome, 1)


async def test_an_older_item_does_not_bring_back_what_is_gone(database: Database) -> None:
    await pull(database, World([[payment("P1", version=5), payment("P2")]]))
    await pull(database, World([[payment("P2")]]), full=True)
    await pull(database, World([[payment("P1", version=4), payment("P2")]]), full=True)
    assert (await state(database)).records == 1


async def test_items_of_two_kinds_may_have_one_id(database: Database) -> None:
    contradicting = [[payment("X", status="PENDING"), order("X", status="PENDING")], [payment("X"), order("X")]]
    for _ in range(2):
        assert (await pull(database, World(contradicting), full=True)).outcome == "DONE"
    assert [row[1] for row in await rows(database, records, "kind", "status")] == ["COMPLETED", "SUCCESS"]


async def test_a_fault_of_ours_is_noted_and_backs_off(database: Database) -> None:
    world = World([[payment("P1")]], fail_at=0, error=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await pull(database, world)
    found = await state(database)
    assert (found.state, found.last_error) == ("DOWN", "internal error (ZeroDivisionError)")


async def test_a_partition_is_not_written_past_its_history(database: Database) -> None:
    await pull(database, World([[payment("P1")]]))
    async with database.dedicated() as db:
        with pytest.raises(Exception, match="written through the table records"):
            async with db.begin():
                await db.execute(text("delete from records_fake"))


async def test_a_write_without_a_cause_is_refused(database: Database) -> None:
    await pull(database, World([[payment("P1")]]))
    async with database.dedicated() as db:
        with pytest.raises(Exception, match="a write must say its cause"):
            async with db.begin():
                await db.execute(text("update records set status = 'REFUNDED', digest = '\\x00'"))


async def test_history_cannot_be_rewritten(database: Database) -> None:
    await pull(database, World([[payment("P1")]]))
    async with database.dedicated() as db:
        with pytest.raises(Exception, match="append-only"):
            async with db.begin():
                await db.execute(text("delete from changes"))


async def test_pages_before_a_failure_are_stored_in_a_partial_batch(database: Database) -> None:
    world = World([[payment("P1")], [payment("P2")], [payment("P3")]], fail_at=2, error=TryLater("HTTP 503"))
    assert (await pull(database, world)).outcome == "DOWN"
    assert (await state(database)).records == 2
    world.error = None
    await pull(database, world)
    assert world.runs[-1].cursor == {"page": 2}
