"""Checks of every connector with a database. The docstring of a check says what to do if it fails."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest

from hub.contract import Page
from hub.store import systems
from hub.store.database import Cause
from hub.store.ingest import quarantine
from hub.sync.ingest import Ingest
from hub.testing.pulling import (
    CIPHER,
    MAX_PAGES,
    Pages,
    PulledDatabase,
    Reading,
    all_pages_of,
    each_page_twice,
    first_page_with,
    first_pages_of,
)
from hub.testing.running import secrets_of
from hub.testing.samples import Suite, mapped, personal_values, samples
from hub.testing.variants import variants


class DatabaseContract(Suite):
    """Checks with a database; inherit with ``connector`` set."""

    async def test_a_first_pull_stores_the_items_of_its_pages(
        self, kept: PulledDatabase, first_pages: list[Page]
    ) -> None:
        """Each item has an external id of its own and at least one key."""
        listed = self._ids(first_pages)
        result = await kept.pull()
        assert (result.outcome, result.tally.created) == ("DONE", len(listed))
        assert await kept.ids() == listed
        written = result.tally.created + result.tally.updated
        counted = "select count(*), count(distinct subject) from changes where system = (select name from systems)"
        assert await kept.rows(counted) == [(written, len(listed))], "changes of complaints do not count"
        keyed = await kept.rows("select distinct r.external_id from records r join record_keys k on k.record_id = r.id")
        assert {name for (name,) in keyed} == listed
        state = await kept.state()
        assert (state.state, state.records) == ("UP", len(listed))

    async def test_a_second_run_stores_nothing_and_finds_nothing_gone(self, kept: PulledDatabase) -> None:
        """Map the same item to the same record: without the present time, with a version that only a change raises."""
        await kept.pull()
        before = await kept.content()
        again = await kept.pull()
        assert (again.outcome, again.tally.created, again.tally.updated, again.gone) == ("DONE", 0, 0, 0)
        assert await kept.content() == before

    async def test_a_repeated_page_is_harmless(self, kept: PulledDatabase, first_pages: list[Page]) -> None:
        """Map the same item to the same record, however often it comes."""
        first = await kept.pull(each_page_twice)
        assert (first.outcome, first.tally.created) == ("DONE", len(self._ids(first_pages)))
        before = await kept.content()
        again = await kept.pull()
        assert (again.outcome, again.tally.created, again.tally.updated, again.gone) == ("DONE", 0, 0, 0)
        assert await kept.content() == before

    async def test_a_broken_item_is_quarantined_and_the_others_are_kept(
        self, kept: PulledDatabase, first_pages: list[Page]
    ) -> None:
        """Yield a broken item as it is; the mapping raises BadRecord for it alone."""
        bad = [sample for sample in samples(self.connector).values() if "bad" in sample]
        for _ in range(2):
            result = await kept.pull(first_page_with(*(sample["raw"] for sample in bad)))
            assert (result.outcome, result.tally.quarantined >= len(bad)) == ("DONE", True)
        found = await kept.rows("select reason, times from quarantine where external_id is null")
        assert len(found) == len(bad)
        assert all(any(sample["bad"] in reason for reason, _ in found) for sample in bad)
        assert {times for _, times in found} == {2}
        assert await kept.ids() == self._ids(first_pages[:1])

    async def test_an_unknown_status_is_stored_and_quarantined(self, kept: PulledDatabase) -> None:
        """Give the sandbox the fault `unknown_status`; map it to UNKNOWN, with `source_status` and `unknown`."""
        assert "unknown_status" in kept.running.sandbox.faults
        async with kept.running.fault("unknown_status"):
            await kept.pull()
        unknown = await kept.rows("select external_id, told from records where status = 'UNKNOWN'")
        quarantined = await kept.rows("select external_id, reason from quarantine where external_id is not null")
        assert unknown
        assert {name for name, _ in unknown} <= {name for name, _ in quarantined}
        reasons = Counter(reason for _, reason in quarantined)
        assert all(code and any(repr(code) in reason for reason in reasons) for _, code in unknown)

    @pytest.mark.parametrize(
        ("fault", "value", "call"),
        [
            ("rate_limited", 20, {"attempts": 1}),
            ("server_error", 503, {"attempts": 2}),
            ("down", None, {"attempts": 2}),
            ("slow", 2, {"attempts": 1, "timeout": 0.3}),
        ],
    )
    async def test_a_failure_mid_pull_keeps_the_cursor_for_the_next(
        self, kept: PulledDatabase, first_pages: list[Page], fault: str, value: float | None, call: dict[str, Any]
    ) -> None:
        """Yield each page, with the cursor behind it, before the request of the next one."""
        first: list[Page] = []

        async def cut(pages: Pages) -> Pages:
            async for page in first_pages_of(pages):
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
        assert (state.state, state.synced_at, state.last_error) == ("DOWN", None, result.error)
        assert await kept.rows("select cursor from systems") == [(first[0].cursor,)]
        assert await kept.ids() == self._ids(first)
        back = await kept.pull(self._until(self._ids(first_pages) - self._ids(first)), full=False)
        state = await kept.state()
        assert (back.outcome, back.gone, state.state, state.down_since) == ("DONE", 0, "UP", None)
        assert await kept.ids() >= self._ids(first_pages)

    async def test_an_empty_answer_makes_nothing_gone(self, kept: PulledDatabase) -> None:
        """Yield an empty page as it is; the hub decides what is gone."""
        if "empty" not in kept.running.sandbox.faults:
            pytest.skip("its sandbox has no fault `empty`")
        reading = all_pages_of if self.connector.horizon_days else first_pages_of
        await kept.pull(reading)
        before = await kept.ids()
        async with kept.running.fault("empty"):
            result = await kept.pull(reading)
        assert (result.outcome, result.gone, (await kept.state()).state) == ("DONE", 0, "UP")
        assert await kept.ids() == before
        assert await kept.rows("select code from system_issues") == [("MANY_MISSING",)]

    async def test_a_401_that_remains_stops_until_a_person_acts(self, kept: PulledDatabase) -> None:
        """Raise ConfigurationError for HTTP 401 and 403."""
        async with kept.running.fault("server_error", value=401):
            result = await kept.pull(attempts=1)
        assert result.outcome == "STOPPED"
        assert (await kept.state()).state == "STOPPED"
        assert await kept.rows("select cursor, synced_at from systems") == [({}, None)]
        async with kept.database.read() as db:
            assert await systems.due(db) == []
        assert (await kept.pull()).outcome == "DONE"
        assert (await kept.state()).state == "UP"

    async def test_personal_values_are_nowhere_in_the_database(
        self, kept: PulledDatabase, first_pages: list[Page]
    ) -> None:
        """Name in `personal` every field that identifies a person."""
        raws = [sample["raw"] for sample in samples(self.connector).values()]
        await kept.pull(first_page_with(*raws))
        dump = await kept.dump()
        assert next(iter(self._ids(first_pages[:1]))) in dump, "the dump shows what is stored"
        items = [*raws, *(item for page in first_pages for item in page.items)]
        personal = {value for raw in items for value in personal_values(self.connector, raw)}
        assert personal or not self.connector.personal
        assert [value for value in personal if value in dump] == []

    @pytest.mark.whole
    async def test_any_item_is_stored_or_quarantined_and_others_continue(self, kept: PulledDatabase) -> None:
        """Check the type of each field; a part of the variants is stored here, all are mapped without a database."""
        raws = [sample["raw"] for sample in samples(self.connector).values()]
        odd = [variant for raw in raws for variant in variants(raw)][:: len(raws) * 3]
        async with kept.running.connected() as connector:
            for start in range(0, len(odd), 200):
                chosen = odd[start : start + 200]
                async with kept.database.write(Cause("pull:test", "test", "run-1")) as db:
                    batch = await Ingest(connector, CIPHER).store_items(db, [*chosen, *raws], kept.now)
                assert len(batch.results) == len(chosen) + len(raws)
        good = {mapped(self.connector, sample["raw"]).external_id for sample in self._good()}
        assert await kept.ids() >= good
        assert await kept.rows("select 1 from quarantine where not declared") == []

    async def test_what_is_set_aside_can_be_replayed(self, kept: PulledDatabase) -> None:
        """Refuse the raw item in quarantine for the same reason as the item itself."""
        raws = [sample["raw"] for sample in samples(self.connector).values() if "bad" in sample]
        async with kept.running.connected() as connector:
            ingest = Ingest(connector, CIPHER)
            async with kept.database.write(Cause("pull:test", "test", "run-1")) as db:
                await ingest.store(db, raws, kept.now)
                found = await quarantine.entries(db, self.connector.name)
                again = await ingest.replay(db, [entry.id for entry in found])
                back = await quarantine.entries(db, self.connector.name)
        assert again == (len(found), len(found))
        assert {(entry.reason, str(entry.raw)) for entry in back} == {(entry.reason, str(entry.raw)) for entry in found}

    async def test_secrets_are_in_no_log_and_not_in_the_database(
        self, kept: PulledDatabase, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Put no credential into a URL, a message or a cursor."""
        caplog.set_level("DEBUG")
        for fault, value in (("server_error", 401), ("server_error", 503), ("rate_limited", 20), ("down", None)):
            async with kept.running.fault(fault, value=value):
                await kept.pull(attempts=1)
        await kept.pull()
        output = "".join(capfd.readouterr()) + caplog.text
        assert "system.stopped" in output
        assert "system.down" in output
        output += await kept.dump()
        secrets = {value for value in secrets_of(kept.running.settings).values() if value}
        assert [value for value in secrets if value in output] == []

    def _good(self) -> list[dict[str, Any]]:
        return [sample for sample in samples(self.connector).values() if "record" in sample]

    def _until(self, missing: set[str]) -> Reading:
        """Read pages until all of ``missing`` were listed, maybe after an overlap."""

        async def reading(pages: Pages) -> Pages:
            left, read = missing, 0
            async with contextlib.aclosing(pages) as listed:
                async for page in listed:
                    yield page
                    left, read = left - self._ids([page]), read + 1
                    if not left or read == 4 * MAX_PAGES:
                        return

        return reading
