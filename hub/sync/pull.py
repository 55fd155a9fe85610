"""Pulling one system: pages in, records and cursor committed together, the outcome noted.

One pull of a system at a time: a session lock on the connection that also commits the pages, so
that a pull which lost its lock cannot commit either, and a killed worker's lock ends with its
connection.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors.base import Connector, Coverage, Cursor, Page, Raw, Run
from hub.errors import HubError, Stop, TryLater
from hub.store import systems
from hub.store.database import Cause, Database, transaction
from hub.store.exchange import deliveries
from hub.store.ingest import fetching, quarantine, records
from hub.store.sealing import Seal
from hub.sync.files import Files
from hub.sync.ingest import Ingest, Tally

log = structlog.get_logger()

BATCH = 500
"""Items stored in one transaction, at least where the pages allow it: a commit costs more than a row."""

TURNS = 10
"""How often in a row a page may come again: once it may, where what is asked for next begins with what ended before."""

MANY = 1_000
"""New records after which a pull has the database's statistics taken anew."""

FULL_EVERY = timedelta(days=1)
"""How often a pull is a full run, which alone can find what is gone."""


@dataclass(slots=True)
class PullResult:
    """How a pull ended. ``outcome``: ``DONE``, ``BUSY`` (another pull of it runs), ``DOWN`` or ``STOPPED``."""

    system: str
    outcome: str
    tally: Tally = field(default_factory=Tally)
    gone: int = 0
    seconds: float = 0.0
    trouble: str | None = None


class Pull:
    """One pull of one system."""

    def __init__(self, database: Database, connector: Connector, seal: Seal) -> None:
        self._database, self._connector = database, connector
        self._ingest = Ingest(connector, seal)
        self._name = connector.name
        self._cause = Cause(f"pull:{self._name}", "worker", uuid.uuid4().hex)
        self._files = Files(database, connector, self._cause)

    async def run(self, *, full: bool = False) -> PullResult:
        """Pull once; never raises what one system's trouble explains."""
        began = time.monotonic()
        async with self._database.hold() as connection, _lock(connection, self._name) as locked:
            if not locked:
                return PullResult(self._name, "BUSY")
            result = await self._attempt(connection, full)
        result.seconds = time.monotonic() - began
        return result

    async def _attempt(self, connection: AsyncConnection, full: bool) -> PullResult:
        result = PullResult(self._name, "DONE")
        try:
            await self._whole_run(connection, full, result)
        except TryLater as trouble:
            await self._note_down(connection, trouble, result)
        except Stop as trouble:
            await self._note_stop(connection, trouble, result)
        # A fault of ours in one system's items must not come back every few seconds, nor hide behind a state of UP.
        except Exception as fault:
            await self._note_down(connection, TryLater(f"internal fault ({type(fault).__name__})"), result)
            raise
        return result

    async def _whole_run(self, connection: AsyncConnection, full: bool, result: PullResult) -> None:
        now = datetime.now(UTC)
        begun, cursor = await self._begin(connection, full, now)
        run = Run(cursor=cursor, full=begun == now, now=now, known=self._known())
        async with aclosing(self._connector.pages(run)) as pages, aclosing(_batches(pages)) as batches:
            async for page in batches:
                async with transaction(connection, self._cause):
                    taken = await self._ingest.take(connection, page.items, now, settle=False)
                    await systems.advance(connection, self._name, page.cursor)
                result.tally.add(taken.tally)
                await self._files.take(page.items, taken.fates)
        await self._finish(connection, now, begun, result)
        await self._files.catch_up()

    async def _begin(self, connection: AsyncConnection, full: bool, now: datetime) -> tuple[datetime | None, Cursor]:
        """When the full run this pull belongs to began (None: to none), and the cursor it goes on from.

        A full run that broke off goes on where it stood, so that one which keeps breaking still gets to its end.
        """
        async with transaction(connection, self._cause):
            stood = await systems.standing(connection, self._name)
            if stood.full_started_at and not full:
                return stood.full_started_at, stood.cursor
            if not full and stood.full_at and now - stood.full_at < FULL_EVERY:
                return None, stood.cursor
            await records.forget_pending(connection, self._name)
            if full:
                await fetching.seek_all(connection, self._name)
            await systems.start_full(connection, self._name, now)
            return now, {}

    async def _finish(
        self, connection: AsyncConnection, now: datetime, begun: datetime | None, result: PullResult
    ) -> None:
        async with transaction(connection, self._cause):
            result.tally.add(await self._ingest.settle(connection, now))
        # Apart from the settling, for which whoever tells something of this system waits: this looks through all of it.
        async with transaction(connection, self._cause):
            if begun and self._lists_all and not await self._missed_any(connection, now, begun, result):
                # Where the clock was set back since a run that broke off began, it is only now that nothing is unseen.
                since = min(begun, now)
                result.gone = await records.mark_gone(connection, self._name, since, self._horizon(begun))
            back = await systems.succeeded(connection, self._name, now, full_since=begun)
            if back:
                await deliveries.wake(connection, self._name)
        if result.tally.created >= MANY:
            async with transaction(connection, self._cause):
                await records.count_anew(connection)
        if back:
            log.info("system.back", system=self._name)

    async def _missed_any(
        self, connection: AsyncConnection, now: datetime, begun: datetime, result: PullResult
    ) -> bool:
        """Whether the full run met an item of which nobody knows which record it tells of.

        Of what it met before it broke off only the quarantine tells, and not which of that had an id.
        """
        if result.tally.nameless:
            return True
        return begun != now and await quarantine.any_unread(connection, self._name, begun)

    @property
    def _lists_all(self) -> bool:
        return self._connector.covers(self._connector.settings) is Coverage.FULL

    def _horizon(self, begun: datetime) -> datetime | None:
        days = self._connector.horizon_days
        return begun - timedelta(days=days) if days else None

    async def _note_down(self, connection: AsyncConnection, trouble: TryLater, result: PullResult) -> None:
        wait = timedelta(seconds=trouble.after) if trouble.after is not None else None
        async with transaction(connection, self._cause):
            new = await systems.failed(connection, self._name, str(trouble), wait)
        if new:
            log.warning("system.down", system=self._name, trouble=str(trouble))
        result.outcome, result.trouble = "DOWN", str(trouble)

    async def _note_stop(self, connection: AsyncConnection, trouble: Stop, result: PullResult) -> None:
        async with transaction(connection, self._cause):
            await systems.stopped(connection, self._name, str(trouble))
        log.error("system.stopped", system=self._name, trouble=str(trouble))
        result.outcome, result.trouble = "STOPPED", str(trouble)

    async def _known(self) -> AsyncIterator[list[str]]:
        after = ""
        while True:
            async with self._database.read() as connection:
                ids = await records.known_ids(connection, self._name, after, 100)
            if not ids:
                return
            yield ids
            after = ids[-1]


async def _batches(pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
    """Pages joined until they hold ``BATCH`` items; the cursor is the last one's.

    When a page cannot be had, what was joined so far is handed on first: it was told and must not be asked for again.
    ``Stop`` for a system that tells one page again and again, which would never come to an end.
    """
    items: list[Raw] = []
    cursor: Cursor = {}
    last, turns = Page([]), 0
    waiting = False
    trouble: HubError | None = None
    try:
        async for page in pages:
            turns = turns + 1 if page.items and page == last else 0
            if turns == TURNS:
                raise Stop("the system tells the same page again and again")
            last = page
            items, cursor, waiting = [*items, *page.items], page.cursor, True
            if len(items) >= BATCH:
                yield Page(items, cursor)
                items, waiting = [], False
    except HubError as error:
        trouble = error
    if waiting:
        yield Page(items, cursor)
    if trouble:
        raise trouble


@contextlib.asynccontextmanager
async def _lock(connection: AsyncConnection, system: str) -> AsyncIterator[bool]:
    """A session lock on ``system``; False when another session has it."""
    key = {"key": f"pull {system}"}
    async with connection.begin():
        got = await connection.scalar(text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), key)
    try:
        yield bool(got)
    finally:
        if got:
            async with connection.begin():
                await connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), key)
