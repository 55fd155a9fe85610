"""LAPOR's attachments, from its sandbox into the hub: had before their addresses die, and had anew where they did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from hub.connectors.lapor import sandbox_files, sandbox_masters
from hub.connectors.lapor.connector import Lapor
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync.pull import Pull, PullResult
from tests.connectors.running import Running, running_sandbox
from tests.connectors.test_lapor import reports

GOOD, PAGE, LARGE = 101, 41, 499
"""Reports by what is in their files: a picture, a web page that is called one, and far too much."""
SEAL = Seal([b"k" * 32], b"s" * 32)
WHY = "select external_id, name, media_type, trouble from record_files left join files using (sha256) order by 1"


@dataclass
class Hub:
    """A hub beside LAPOR's sandbox."""

    running: Running
    database: Database

    async def pull(self, *, full: bool = False) -> PullResult:
        async with self.running.connected(attempts=3) as connector:
            result = await Pull(self.database, connector, SEAL).run(full=full)
        assert (result.outcome, result.trouble) == ("DONE", None)
        return result

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def run(self, statement: str) -> None:
        async with self.database.write(Cause("test", "test", "run-1")) as db:
            await db.execute(text(statement))

    def fetches(self) -> int:
        """How often the sandbox was asked for a file."""
        return sum(times for call, times in self.running.sandbox.calls.items() if "/berkas/" in call)


@pytest.fixture
async def hub(database_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    held = reports(3, 61)
    for report, number in zip(held, (GOOD, PAGE, LARGE), strict=True):
        report.id, report.disposition = number, sandbox_masters.PROVINCE
    with patch("hub.connectors.lapor.sandbox.filed", lambda today: held):
        async with running_sandbox(Lapor, tmp_path) as running:
            for number in (GOOD, PAGE, LARGE):
                running.sandbox.act({"do": "reply", "id": number, "by": "DISHUB", "text": "Lihat.", "files": 1})
            await migrate.migrate(database_url, [(Lapor, running.settings)])
            database = Database(database_url)
            yield Hub(running, database)
            await database.close()


async def test_a_pull_brings_the_files_that_are_what_they_say(hub: Hub) -> None:
    await hub.pull()
    content = sandbox_files.content(GOOD, "0-0.jpg")
    assert await hub.rows("select content, size from files") == [(content, len(content))]
    found = {int(number): (kind, trouble) for number, _, kind, trouble in await hub.rows(WHY)}
    assert found[GOOD] == ("image/jpeg", None)
    assert found[PAGE] == (None, "it is no JPEG, PNG, WebP or PDF, whatever its name says")
    assert found[LARGE][0] is None
    assert "larger" in found[LARGE][1]


async def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    await hub.pull()
    await hub.run("update record_files set due_at = null")
    before = hub.fetches()
    assert before >= 3
    hub.running.sandbox.act({"do": "reply", "id": GOOD, "by": "DISHUB", "text": "Sudah.", "files": 0})
    assert (await hub.pull()).tally.updated == 1
    await hub.run("update systems set full_at = now() - interval '2 days'")
    await hub.pull()
    assert hub.fetches() == before


async def test_addresses_that_died_before_they_were_used_are_asked_for_anew(hub: Hub) -> None:
    async with hub.running.fault("dead_links"):
        await hub.pull()
    assert {trouble for *_, trouble in await hub.rows(WHY)} == {"the address of the file has died (HTTP 403)"}
    await hub.run("update record_files set due_at = now()")
    await hub.pull()
    assert [kind for *_, kind, trouble in await hub.rows(WHY) if trouble is None] == ["image/jpeg"]


async def test_no_address_is_stored_nor_shown(hub: Hub) -> None:
    async with hub.running.fault("dead_links"):
        await hub.pull()
    await hub.pull(full=True)
    for (name,) in await hub.rows("select tablename from pg_tables where schemaname = 'public'"):
        ((dump,),) = await hub.rows(f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t")
        assert "signature" not in dump, name
        assert "/berkas/" not in dump, name
