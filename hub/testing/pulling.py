"""Pulls of the first pages of a connector's own sandbox into a database.

Each page has a transaction of its own, and the connector gets a constant present, so that two runs read the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from hub.contract import Page, Raw, Run
from hub.store import systems
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.sync.pull import Pull, PullResult
from hub.testing.running import Running

MAX_PAGES = 2
"""How many pages a pull reads here."""
CIPHER = FieldCipher([b"k" * 32], b"s" * 32)
Pages = AsyncGenerator[Page, None]
Reading = Callable[[Pages], Pages]


async def first_pages_of(pages: Pages) -> Pages:
    """Yield the first pages."""
    read = 0
    async with contextlib.aclosing(pages) as open_pages:
        async for page in open_pages:
            yield page
            read += 1
            if read == MAX_PAGES:
                return


def all_pages_of(pages: Pages) -> Pages:
    """Return every page: the first ones may be older than the horizon, beyond which a full run finds nothing gone."""
    return pages


async def each_page_twice(pages: Pages) -> Pages:
    """Yield the first pages, each twice."""
    async for page in first_pages_of(pages):
        yield page
        yield page


def first_page_with(*items: Raw) -> Reading:
    """Return a reading of the first page, with ``items`` added to it."""

    async def reading(pages: Pages) -> Pages:
        async with contextlib.aclosing(pages) as listed:
            async for page in listed:
                yield Page([*items, *page.items], page.cursor)
                return

    return reading


@dataclass
class PulledDatabase:
    """A database with the records of one connector, pulled from its running sandbox."""

    running: Running
    database: Database
    now: datetime

    async def pull(self, reading: Reading = first_pages_of, *, full: bool = True, **call: Any) -> PullResult:
        """Pull the pages that ``reading`` selects; ``call`` limits the connector's calls."""
        async with self.running.connected(**{"attempts": 3, **call}) as connector:
            original = connector.pages

            def pages(run: Run) -> Pages:
                return reading(original(replace(run, now=self.now)))

            connector.pages = pages  # type: ignore[method-assign]
            return await Pull(self.database, connector, CIPHER).run(full=full)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def ids(self) -> set[str]:
        """Return the external ids of the records that are not gone."""
        return {name for (name,) in await self.rows("select external_id from records where gone_at is null")}

    async def content(self) -> list[list[tuple[Any, ...]]]:
        """Return everything that a pull without changes must leave as it is, without the times of the last pull."""
        records = "select to_jsonb(r) - 'seen_at' - 'missed_at' - 'version' as r from records r order by r.id"
        keys = "select * from record_keys order by system, record_id, name, value"
        changes = "select * from changes order by id"
        quarantined = "select external_id, reason, raw from quarantine order by id"
        return [await self.rows(each) for each in (records, keys, changes, quarantined)]

    async def state(self) -> systems.SystemState:
        """Return the state of the system as the graph shows it."""
        async with self.database.read() as db:
            (found,) = await systems.overview(db)
            return found

    async def dump(self) -> str:
        """Return every row of every table as text."""
        tables = await self.rows("select tablename from pg_tables where schemaname = 'public'")
        dumps = [
            await self.rows(f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t") for (name,) in tables
        ]
        return " ".join(found[0][0] for found in dumps)
