"""LAPOR's attachments, from its sandbox: downloaded before their URLs expire, and again with new URLs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.sandbox import files, masters
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.pull import Pull, PullResult
from hub.testing.running import Running, running_sandbox
from tests.connectors.lapor.test_connector import reports

GOOD, PAGE, LARGE = 101, 41, 499
"""Reports by the content of their files: a picture, a web page with the name of a picture, and a too large one."""
SEAL = FieldCipher([b"k" * 32], b"s" * 32)
WHY = "select external_id, name, media_type, trouble from record_files left join files using (sha256) order by 1"


@dataclass
class Hub:
    """A hub and LAPOR's sandbox."""

    running: Running
    database: Database

    async def pull(self, *, full: bool = False) -> PullResult:
        async with self.running.connected(attempts=3) as connector:
            result = await Pull(self.database, connector, SEAL).run(full=full)
        assert (result.outcome, result.error) == ("DONE", None)
        return result

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def run(self, statement: str) -> None:
        async with self.database.write(Cause("test", "test", "run-1")) as db:
            await db.execute(text(statement))

    def fetches(self) -> int:
        """Return how often the sandbox served a file."""
        return sum(times for call, times in self.running.sandbox.calls.items() if "/berkas/" in call)


@pytest.fixture
async def hub(database_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    stored = reports(3, 61)
    for report, number in zip(stored, (GOOD, PAGE, LARGE), strict=True):
        report.id, report.disposition = number, masters.PROVINCE
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: stored):
        async with running_sandbox(Lapor, tmp_path) as running:
            for number in (GOOD, PAGE, LARGE):
                running.sandbox.act({"do": "reply", "id": number, "by": "DISHUB", "text": "Lihat.", "files": 1})
            await migrate.migrate(database_url, [Lapor.declaration(running.settings)])
            database = Database(database_url)
            yield Hub(running, database)
            await database.close()


async def test_a_pull_stores_files_of_the_declared_type(hub: Hub) -> None:
    await hub.pull()
    content = files.content(GOOD, "0-0.jpg")
    assert await hub.rows("select content, size from files") == [(content, len(content))]
    found = {int(number): (kind, trouble) for number, _, kind, trouble in await hub.rows(WHY)}
    assert found[GOOD] == ("image/jpeg", None)
    assert found[PAGE] == (None, "its content is not JPEG, PNG, WebP or PDF")
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


async def test_expired_file_addresses_are_requested_again(hub: Hub) -> None:
    async with hub.running.fault("dead_links"):
        await hub.pull()
    assert {trouble for *_, trouble in await hub.rows(WHY)} == {"the URL of the file has expired (HTTP 403)"}
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
