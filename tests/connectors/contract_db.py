"""What every connector must do with a database behind it; ``test_contract_db`` runs it on each folder.

Pulls read the first pages of the connector's own sandbox, each page in a transaction of its own, and what the
connector takes for now stands still, so that two runs are told the same.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from hub.connectors.base import Connector, Page, Raw, Run
from hub.store import migrate, systems
from hub.store.database import Database
from hub.store.sealing import Seal
from hub.sync.pull import Pull, PullResult
from tests.connectors.running import Running, pages_of, secrets_of
from tests.connectors.samples import mapped, personal_values, samples

MOST = 2
"""Pages a pull reads here."""
_SEAL = Seal([b"k" * 32], b"s" * 32)
_Pages = AsyncIterator[Page]
_Reading = Callable[[_Pages], _Pages]


async def few(pages: _Pages) -> _Pages:
    """The first pages."""
    read = 0
    async with contextlib.aclosing(pages) as told:  # type: ignore[type-var]
        async for page in told:
            yield page
            read += 1
            if read == MOST:
                return


async def twice(pages: _Pages) -> _Pages:
    """The first pages, each told again at once."""
    async for page in few(pages):
        yield page
        yield page


def first_with(*told: Raw) -> _Reading:
    """The first page, with ``told`` in it too."""

    async def reading(pages: _Pages) -> _Pages:
        async with contextlib.aclosing(pages) as listed:  # type: ignore[type-var]
            async for page in listed:
                yield Page([*told, *page.items], page.cursor)
                return

    return reading


@dataclass
class Kept:
    """A database that holds what pulls of one connector from its running sandbox brought."""

    running: Running
    database: Database
    now: datetime

    async def pull(self, reading: _Reading = few, *, full: bool = True, **call: Any) -> PullResult:
        """One pull that reads ``reading`` of the connector's pages; ``call`` bounds its calls."""
        async with self.running.connected(**{"attempts": 3, **call}) as connector:
            told = connector.pages

            def pages(run: Run) -> _Pages:
                return reading(told(replace(run, now=self.now)))

            connector.pages = pages  # type: ignore[method-assign]
            return await Pull(self.database, connector, _SEAL).run(full=full)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def ids(self) -> set[str]:
        """External ids of the records that are not gone."""
        return {name for (name,) in await self.rows("select external_id from records where gone_at is null")}

    async def content(self) -> list[list[tuple[Any, ...]]]:
        """Everything a pull that is told nothing new must leave as it is: all but times and counts of hearing."""
        records = "select to_jsonb(r) - 'seen_at' - 'version' as r from records r order by r.id"
        keys = "select * from record_keys order by system, record_id, name, value"
        changes = "select * from changes order by id"
        quarantined = "select external_id, reason, raw from quarantine order by id"
        return [await self.rows(each) for each in (records, keys, changes, quarantined)]

    async def state(self) -> systems.SystemState:
        """The system as the graph shows it."""
        async with self.database.read() as db:
            (found,) = await systems.overview(db)
            return found

    async def dump(self) -> str:
        """Every row of every table as text."""
        tables = await self.rows("select tablename from pg_tables where schemaname = 'public'")
        dumps = [
            await self.rows(f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t") for (name,) in tables
        ]
        return " ".join(found[0][0] for found in dumps)


@pytest.fixture(scope="class")
async def told(running: Running) -> list[Page]:
    """The first pages of a full run, as a pull here is told them."""
    async with running.connected(attempts=3) as connector:
        return await pages_of(connector, full=True, most=MOST)


@pytest.fixture
async def kept(running: Running, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    """A migrated database with the partition of the class's ``connector``, still empty."""
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    await migrate.migrate(database_url, [(running.connector, running.settings)])
    database = Database(database_url)
    yield Kept(running, database, datetime.now(UTC))
    await database.close()


class DatabaseContract:
    """Inherit with ``connector`` set."""

    connector: ClassVar[type[Connector]]

    async def test_a_first_pull_stores_what_the_pages_hold(self, kept: Kept, told: list[Page]) -> None:
        listed = self._ids(told)
        result = await kept.pull()
        assert (result.outcome, result.tally.created) == ("DONE", len(listed))
        assert await kept.ids() == listed
        written = result.tally.created + result.tally.updated
        counted = "select count(*), count(distinct subject) from changes where system = (select name from systems)"
        assert await kept.rows(counted) == [(written, len(listed))], "complaints that came of them are another matter"
        keyed = await kept.rows("select distinct r.external_id from records r join record_keys k on k.record_id = r.id")
        assert {name for (name,) in keyed} == listed
        state = await kept.state()
        assert (state.state, state.records) == ("UP", len(listed))

    async def test_a_second_run_stores_nothing_and_finds_nothing_gone(self, kept: Kept) -> None:
        await kept.pull()
        before = await kept.content()
        again = await kept.pull()
        assert (again.outcome, again.tally.created, again.tally.updated, again.gone) == ("DONE", 0, 0, 0)
        assert await kept.content() == before

    async def test_a_repeated_page_is_harmless(self, kept: Kept, told: list[Page]) -> None:
        first = await kept.pull(twice)
        assert (first.outcome, first.tally.created) == ("DONE", len(self._ids(told)))
        before = await kept.content()
        again = await kept.pull()
        assert (again.outcome, again.tally.created, again.tally.updated, again.gone) == ("DONE", 0, 0, 0)
        assert await kept.content() == before

    async def test_a_broken_item_is_quarantined_and_the_others_are_kept(self, kept: Kept, told: list[Page]) -> None:
        bad = [sample for sample in samples(self.connector).values() if "bad" in sample]
        for _ in range(2):
            result = await kept.pull(first_with(*(sample["raw"] for sample in bad)))
            assert (result.outcome, result.tally.quarantined >= len(bad)) == ("DONE", True)
        found = await kept.rows("select reason, times from quarantine where external_id is null")
        assert len(found) == len(bad)
        assert all(any(sample["bad"] in reason for reason, _ in found) for sample in bad)
        assert {times for _, times in found} == {2}
        assert await kept.ids() == self._ids(told[:1])

    async def test_a_status_nobody_knows_is_kept_as_told_and_quarantined(self, kept: Kept) -> None:
        assert "unknown_status" in kept.running.sandbox.faults
        async with kept.running.fault("unknown_status"):
            await kept.pull()
        unknown = await kept.rows("select external_id, told from records where status = 'UNKNOWN'")
        quarantined = await kept.rows("select external_id, reason from quarantine where external_id is not null")
        assert unknown
        assert {name for name, _ in unknown} <= {name for name, _ in quarantined}
        reasons = Counter(reason for _, reason in quarantined)
        assert all(told and any(repr(told) in reason for reason in reasons) for _, told in unknown)

    @pytest.mark.parametrize(
        ("fault", "value", "call"),
        [
            ("rate_limited", 20, {"attempts": 1}),
            ("server_error", 503, {"attempts": 2}),
            ("down", None, {"attempts": 2}),
            ("slow", 2, {"attempts": 1, "timeout": 0.3}),
        ],
    )
    async def test_trouble_in_the_middle_moves_no_cursor_and_the_next_pull_catches_up(
        self, kept: Kept, told: list[Page], fault: str, value: float | None, call: dict[str, Any]
    ) -> None:
        first: list[Page] = []

        async def cut(pages: _Pages) -> _Pages:
            async for page in few(pages):
                first.append(page)
                yield page
                kept.running.sandbox.fault.set(fault, 0, value)

        try:
            result = await kept.pull(cut, **call)
        finally:
            kept.running.sandbox.fault.active.clear()
        assert (result.outcome, len(first)) == ("DOWN", 1)
        state = await kept.state()
        assert state.down_since
        assert (state.state, state.synced_at, state.trouble) == ("DOWN", None, result.trouble)
        assert await kept.rows("select cursor from systems") == [(first[0].cursor,)]
        assert await kept.ids() == self._ids(first)
        back = await kept.pull(self._until(self._ids(told) - self._ids(first)), full=False)
        state = await kept.state()
        assert (back.outcome, back.gone, state.state, state.down_since) == ("DONE", 0, "UP", None)
        assert await kept.ids() >= self._ids(told)

    async def test_a_401_that_remains_stops_until_a_person_acts(self, kept: Kept) -> None:
        async with kept.running.fault("server_error", value=401):
            result = await kept.pull(attempts=1)
        assert result.outcome == "STOPPED"
        assert (await kept.state()).state == "STOPPED"
        assert await kept.rows("select cursor, synced_at from systems") == [({}, None)]
        async with kept.database.read() as db:
            assert await systems.due(db) == []
        assert (await kept.pull()).outcome == "DONE"
        assert (await kept.state()).state == "UP"

    async def test_personal_values_are_nowhere_in_the_database(self, kept: Kept, told: list[Page]) -> None:
        raws = [sample["raw"] for sample in samples(self.connector).values()]
        await kept.pull(first_with(*raws))
        dump = await kept.dump()
        assert next(iter(self._ids(told[:1]))) in dump, "the dump shows what is stored"
        given = [*raws, *(item for page in told for item in page.items)]
        personal = {value for raw in given for value in personal_values(self.connector, raw)}
        assert personal or not self.connector.personal
        assert [value for value in personal if value in dump] == []

    async def test_secrets_are_in_no_log_and_not_in_the_database(
        self, kept: Kept, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level("DEBUG")
        for fault, value in (("server_error", 401), ("server_error", 503), ("rate_limited", 20), ("down", None)):
            async with kept.running.fault(fault, value=value):
                await kept.pull(attempts=1)
        await kept.pull()
        said = "".join(capfd.readouterr()) + caplog.text
        assert "system.stopped" in said
        assert "system.down" in said
        said += await kept.dump()
        secrets = {value for value in secrets_of(kept.running.settings).values() if value}
        assert [value for value in secrets if value in said] == []

    def _ids(self, pages: list[Page]) -> set[str]:
        return {mapped(self.connector, item).external_id for page in pages for item in page.items}

    def _until(self, missing: set[str]) -> _Reading:
        """Pages until ``missing`` were told, maybe after an overlap."""

        async def reading(pages: _Pages) -> _Pages:
            left, read = missing, 0
            async with contextlib.aclosing(pages) as listed:  # type: ignore[type-var]
                async for page in listed:
                    yield page
                    left, read = left - self._ids([page]), read + 1
                    if not left or read == 4 * MOST:
                        return

        return reading
