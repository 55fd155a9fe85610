"""Partial updates: status and facts of a record are the same in the end, in whatever order the items arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from hub.contract import Raw, Record
from hub.http_client import Http
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.rows import Row, merge_rows
from hub.sync.batch import to_row
from hub.sync.ingest import Ingest
from tests.fake_connector import Fake, FakeSettings, World, payment, permit

SEAL = FieldCipher([b"k" * 32], b"s" * 32)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
RANKS = {"PENDING": 1, "SUCCESS": 2, "REFUNDED": 3}


class PartialUpdates(Fake):
    """The fake system; an item whose ``corridor`` is None is a partial update."""

    def map(self, raw: Mapping[str, Any]) -> Record:
        record = super().map(raw)
        facts_version = raw["version"] - (100 if raw.get("corridor", "K1") is None else 0)
        return replace(record, facts_version=facts_version, final=raw["status"] == "REFUNDED")


CONNECTOR = PartialUpdates(FakeSettings(), Http("http://127.0.0.1"), World())


def notified(status: str, **over: Any) -> Raw:
    """Return a partial update; its version distinguishes the two kinds of items."""
    partly: dict[str, Any] = {"corridor": None, "merchant": "PARTNER", "at": "2026-02-01T00:00:00+00:00", "keys": []}
    return payment("A", status=status, version=2 * RANKS[status], amount="1.00") | partly | over


def listed(status: str, **over: Any) -> Raw:
    """Return a complete item."""
    return payment("A", status=status, version=2 * RANKS[status] + 1, keys=[("payment", "RRN")]) | over


ITEMS = [*map(notified, RANKS), listed("PENDING"), listed("SUCCESS")]


def row(raw: Raw) -> Row:
    return to_row(CONNECTOR.map(raw), raw, SEAL)


def status_and_facts(row: Row) -> tuple[Any, ...]:
    """Return status and facts of a row."""
    return row.record.status, row.record.version, row.record.occurred_at, row.record.amount, row.body, row.keys


def test_the_newest_update_sets_status_and_the_fullest_facts() -> None:
    end = merge_rows(row(listed("SUCCESS")), row(notified("REFUNDED")))
    assert (end.record.status, end.record.final, end.body["corridor"]) == ("REFUNDED", True, "K1")
    assert ("payment", "RRN") in end.keys


@given(st.permutations(ITEMS), st.lists(st.sampled_from(ITEMS)))
def test_any_order_and_repetition_ends_the_same(order: list[Raw], repeated: list[Raw]) -> None:
    assert status_and_facts(reduce(merge_rows, map(row, order + repeated))) == status_and_facts(
        reduce(merge_rows, map(row, ITEMS))
    )


def test_what_changes_with_a_status_comes_from_the_newer_status() -> None:
    later = "2026-02-01T00:00:00+00:00"
    document = permit("I-1", clock="RUNNING", version=0, type="010000000009")
    answer = permit("I-1", clock="STOPPED", version=5, status="INCOMPLETE", at=later)
    rows = [
        to_row(replace(CONNECTOR.map(raw), facts_version=facts_version), raw, SEAL)
        for raw, facts_version in ((document, 9), (answer, -1))
    ]
    for order in (rows, rows[::-1]):
        end = merge_rows(*order)
        assert (end.record.status, end.body["clock"], end.body["type_code"]) == (
            "INCOMPLETE",
            "STOPPED",
            "010000000009",
        )
        assert end.record.occurred_at.isoformat() == later


@dataclass
class Shelf:
    """A database that stores items of the system."""

    database: Database

    async def store(self, *items: Raw, settle: bool = True) -> list[Outcome]:
        """Store a batch; return the outcome of each item."""
        async with self.database.write(Cause("test", "test", "test")) as db:
            taken = await Ingest(CONNECTOR, SEAL).store_items(db, items, NOW, settle=settle)
        return [fate.outcome for fate in taken.results]

    async def rows(self, statement: str) -> Sequence[Any]:
        async with self.database.read() as db:
            return [tuple(each) for each in await db.execute(text(statement))]


@pytest.fixture
async def shelf(database_url: str) -> AsyncIterator[Shelf]:
    await migrate.migrate(database_url, [PartialUpdates.declaration(FakeSettings())])
    database = Database(database_url)
    yield Shelf(database)
    await database.close()


async def test_a_notification_changes_the_status_and_nothing_else(shelf: Shelf) -> None:
    assert await shelf.store(listed("SUCCESS")) == [Outcome.CREATED]
    assert await shelf.store(notified("REFUNDED")) == [Outcome.UPDATED]
    found = await shelf.rows(
        "select status, final, amount::int, body ->> 'corridor', occurred_at::date::text from records"
    )
    assert found == [("REFUNDED", True, 4000, "K1", "2026-01-01")]
    assert await shelf.rows("select value from record_keys order by value") == [("A",), ("RRN",)]
    (change,) = await shelf.rows("select fields, before, after from changes where before is not null")
    assert change == (
        ["status", "told"],
        {"status": "SUCCESS", "told": "SUCCESS"},
        {"status": "REFUNDED", "told": "REFUNDED"},
    )


async def test_an_older_history_completes_a_notification(shelf: Shelf) -> None:
    await shelf.store(notified("REFUNDED"))
    assert await shelf.store(listed("SUCCESS"), settle=False) == [Outcome.UPDATED]
    found = await shelf.rows("select status, amount::int, body ->> 'corridor', body ->> 'merchant' from records")
    assert found == [("REFUNDED", 4000, "K1", "TRANSJATENG")]
    assert await shelf.rows("select value from record_keys order by value") == [("A",), ("RRN",)]


async def test_an_already_known_update_changes_nothing(shelf: Shelf) -> None:
    await shelf.store(notified("REFUNDED"))
    await shelf.store(listed("SUCCESS"))
    known = await shelf.rows("select count(*) from changes")
    outcomes = [await shelf.store(item) for item in (*ITEMS, notified("REFUNDED", payer="Lain"))]
    assert [each for (each,) in outcomes] == ["STALE", "STALE", "UNCHANGED", "STALE", "UNCHANGED", "UNCHANGED"]
    assert await shelf.rows("select count(*) from changes") == known


async def test_a_corrected_fact_is_taken_though_its_status_is_older(shelf: Shelf) -> None:
    await shelf.store(listed("SUCCESS"))
    await shelf.store(notified("REFUNDED"))
    assert await shelf.store(listed("SUCCESS", corridor="K7")) == [Outcome.UPDATED]
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("REFUNDED", "K7")]


async def test_records_from_before_partial_updates_lose_nothing(shelf: Shelf) -> None:
    await shelf.store(listed("SUCCESS"))
    async with shelf.database.write(Cause("test", "test", "test")) as db:
        await db.execute(text("update records set facts_version = null"))
    await shelf.store(notified("REFUNDED"))
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("REFUNDED", "K1")]


async def test_any_order_and_batching_gives_one_stored_result(shelf: Shelf) -> None:
    dice = Random(5)
    for number in range(40):
        items = [item | {"id": f"P{number}"} for item in [*ITEMS, *dice.choices(ITEMS, k=4)]]
        dice.shuffle(items)
        while items:
            size = dice.randint(1, 3)
            await shelf.store(*items[:size])
            items = items[size:]
    ends = await shelf.rows(
        "select distinct status, told, final, version, facts_version, amount, currency, occurred_at,"
        " body - 'reference', (select count(*) from record_keys k where k.record_id = r.id) from records r"
    )
    assert len(ends) == 1
    assert await shelf.rows("select count(*) from records") == [(40,)]


OPEN = "select reason from quarantine where state = 'OPEN'"


async def test_older_or_statusless_updates_resolve_no_quarantine(shelf: Shelf) -> None:
    await shelf.store(notified("REFUNDED") | {"status": "BARU"})
    waiting = await shelf.rows(OPEN)
    assert len(waiting) == 1
    assert await shelf.store(listed("SUCCESS"), notified("PENDING")) == [Outcome.UPDATED, Outcome.STALE]
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("UNKNOWN", "K1")]
    assert await shelf.store(notified("PENDING")) == [Outcome.STALE]
    assert await shelf.rows(OPEN) == waiting
    assert await shelf.store(notified("REFUNDED", version=9)) == [Outcome.UPDATED]
    assert await shelf.rows(OPEN) == []
