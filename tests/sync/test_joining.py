"""Words of which one says only part of a record: in whatever order they come, status and facts end the same."""

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

from hub.connectors.base import Raw, Record
from hub.connectors.http import Http
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.rows import Row, merged
from hub.store.sealing import Seal
from hub.sync.batch import row_of
from hub.sync.ingest import Ingest
from tests.fake import Fake, FakeSettings, World, payment

SEAL = Seal([b"k" * 32], b"s" * 32)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
RANKS = {"PENDING": 1, "SUCCESS": 2, "REFUNDED": 3}


class Wordy(Fake):
    """The fake system; where ``corridor`` is None an item says only part."""

    def map(self, raw: Mapping[str, Any]) -> Record:
        record = super().map(raw)
        facts_version = raw["version"] - (100 if raw.get("corridor", "K1") is None else 0)
        return replace(record, facts_version=facts_version, final=raw["status"] == "REFUNDED")


WORDY = Wordy(FakeSettings(), Http("http://127.0.0.1"), World())


def notified(status: str, **over: Any) -> Raw:
    """A word that says only part, and is told of two sorts of rows apart by its version."""
    partly = {"corridor": None, "merchant": "PARTNER", "at": "2026-02-01T00:00:00+00:00", "keys": []}
    return payment("A", status=status, version=2 * RANKS[status], amount="1.00") | partly | over


def listed(status: str, **over: Any) -> Raw:
    """A word that says all."""
    return payment("A", status=status, version=2 * RANKS[status] + 1, keys=[("payment", "RRN")]) | over


WORDS = [*map(notified, RANKS), listed("PENDING"), listed("SUCCESS")]


def row(raw: Raw) -> Row:
    return row_of(WORDY.map(raw), raw, SEAL)


def said(row: Row) -> tuple[Any, ...]:
    """Status and facts."""
    return row.record.status, row.record.version, row.record.occurred_at, row.record.amount, row.body, row.keys


def test_the_status_is_of_the_newest_word_and_the_facts_are_of_the_newest_that_says_all() -> None:
    end = merged(row(listed("SUCCESS")), row(notified("REFUNDED")))
    assert (end.record.status, end.record.final, end.body["corridor"]) == ("REFUNDED", True, "K1")
    assert ("payment", "RRN") in end.keys


@given(st.permutations(WORDS), st.lists(st.sampled_from(WORDS)))
def test_any_order_and_repetition_ends_the_same(order: list[Raw], repeated: list[Raw]) -> None:
    assert said(reduce(merged, map(row, order + repeated))) == said(reduce(merged, map(row, WORDS)))


@dataclass
class Shelf:
    """A database that takes words."""

    database: Database

    async def tell(self, *words: Raw, settle: bool = True) -> list[Outcome]:
        """Take a batch; what became of each item."""
        async with self.database.write(Cause("test", "test", "test")) as db:
            taken = await Ingest(WORDY, SEAL).take(db, words, NOW, settle=settle)
        return [fate.outcome for fate in taken.fates]

    async def rows(self, statement: str) -> Sequence[Any]:
        async with self.database.read() as db:
            return [tuple(each) for each in await db.execute(text(statement))]


@pytest.fixture
async def shelf(database_url: str) -> AsyncIterator[Shelf]:
    await migrate.migrate(database_url, [(Wordy, FakeSettings())])
    database = Database(database_url)
    yield Shelf(database)
    await database.close()


async def test_a_notification_changes_the_status_and_leaves_what_it_does_not_say(shelf: Shelf) -> None:
    assert await shelf.tell(listed("SUCCESS")) == [Outcome.CREATED]
    assert await shelf.tell(notified("REFUNDED")) == [Outcome.UPDATED]
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


async def test_the_history_fills_in_what_a_notification_did_not_say_even_with_an_older_status(shelf: Shelf) -> None:
    await shelf.tell(notified("REFUNDED"))
    assert await shelf.tell(listed("SUCCESS"), settle=False) == [Outcome.UPDATED]
    found = await shelf.rows("select status, amount::int, body ->> 'corridor', body ->> 'merchant' from records")
    assert found == [("REFUNDED", 4000, "K1", "TRANSJATENG")]
    assert await shelf.rows("select value from record_keys order by value") == [("A",), ("RRN",)]


async def test_what_was_said_before_changes_nothing_and_leaves_no_trace(shelf: Shelf) -> None:
    await shelf.tell(notified("REFUNDED"))
    await shelf.tell(listed("SUCCESS"))
    known = await shelf.rows("select count(*) from changes")
    outcomes = [await shelf.tell(word) for word in (*WORDS, notified("REFUNDED", payer="Lain"))]
    assert [each for (each,) in outcomes] == ["STALE", "STALE", "UNCHANGED", "STALE", "UNCHANGED", "UNCHANGED"]
    assert await shelf.rows("select count(*) from changes") == known


async def test_a_corrected_fact_is_taken_though_its_status_is_older(shelf: Shelf) -> None:
    await shelf.tell(listed("SUCCESS"))
    await shelf.tell(notified("REFUNDED"))
    assert await shelf.tell(listed("SUCCESS", corridor="K7")) == [Outcome.UPDATED]
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("REFUNDED", "K7")]


async def test_what_was_stored_before_words_had_parts_loses_nothing_to_one(shelf: Shelf) -> None:
    await shelf.tell(listed("SUCCESS"))
    async with shelf.database.write(Cause("test", "test", "test")) as db:
        await db.execute(text("update records set facts_version = null"))
    await shelf.tell(notified("REFUNDED"))
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("REFUNDED", "K1")]


async def test_in_a_database_too_any_order_and_repetition_and_any_batches_end_the_same(shelf: Shelf) -> None:
    dice = Random(5)
    for number in range(40):
        words = [word | {"id": f"P{number}"} for word in [*WORDS, *dice.choices(WORDS, k=4)]]
        dice.shuffle(words)
        while words:
            size = dice.randint(1, 3)
            await shelf.tell(*words[:size])
            words = words[size:]
    ends = await shelf.rows(
        "select distinct status, told, final, version, facts_version, amount, currency, occurred_at,"
        " body - 'reference', (select count(*) from record_keys k where k.record_id = r.id) from records r"
    )
    assert len(ends) == 1
    assert await shelf.rows("select count(*) from records") == [(40,)]


OPEN = "select reason from quarantine where state = 'OPEN'"


async def test_an_older_word_and_one_that_leaves_the_status_unknown_close_nothing_in_quarantine(shelf: Shelf) -> None:
    await shelf.tell(notified("REFUNDED") | {"status": "BARU"})
    waiting = await shelf.rows(OPEN)
    assert len(waiting) == 1
    assert await shelf.tell(listed("SUCCESS"), notified("PENDING")) == [Outcome.UPDATED, Outcome.STALE]
    assert await shelf.rows("select status, body ->> 'corridor' from records") == [("UNKNOWN", "K1")]
    assert await shelf.tell(notified("PENDING")) == [Outcome.STALE]
    assert await shelf.rows(OPEN) == waiting
    assert await shelf.tell(notified("REFUNDED", version=9)) == [Outcome.UPDATED]
    assert await shelf.rows(OPEN) == []
