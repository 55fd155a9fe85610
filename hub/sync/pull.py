"""Pulls one system: stores page by page, each in one transaction with its cursor, and records how the pull ended.

The next page is requested and mapped while one is stored.

One pull of a system at a time: a session lock is held on the connection that also commits the pages. So a pull that has
lost its lock cannot commit, and the lock of a killed worker ends with its connection.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.concurrency import read_ahead
from hub.connectors.base import Connector
from hub.contract import Coverage, Cursor, Page, Raw, Run
from hub.errors import ConfigurationError, HubError, TryLater
from hub.store import systems
from hub.store.agreement import decisions
from hub.store.database import Cause, Database, transaction
from hub.store.encryption import FieldCipher
from hub.store.ingest import file_downloads, quarantine, records, sightings
from hub.store.outbox import deliveries
from hub.store.session_lock import session_lock
from hub.sync import removal_detection
from hub.sync.batch import Batch
from hub.sync.ingest import Ingest, Tally
from hub.sync.point_lookups import KnownRecords
from hub.sync.record_files import RecordFiles
from hub.sync.removal_detection import FullRun, RemovalRules
from hub.sync.system_state import record_failure, record_success

log = structlog.get_logger()

BATCH = 500
"""Minimum number of items stored in one transaction, if there are as many: a commit costs more than a row."""

MAX_REPEATS = 10
"""Maximum number of times a page may be repeated in a row. One repeat is normal for a cursor that includes its end."""

ANALYZE_AFTER = 1_000
"""Number of new records after which a pull refreshes the database's statistics."""

FULL_INTERVAL = timedelta(days=1)
"""How often a pull is a full run; only a full run can find that records are gone."""


@dataclass(slots=True)
class PullResult:
    """The result of a pull.

    ``outcome``: ``DONE``, ``BUSY`` (another pull is running), ``WAITING`` (for announced upkeep), ``DOWN`` or
    ``STOPPED``.
    """

    system: str
    outcome: str
    tally: Tally = field(default_factory=Tally)
    gone: int = 0
    seconds: float = 0.0
    error: str | None = None


class Pull:
    """One pull of one system."""

    def __init__(
        self,
        database: Database,
        connector: Connector,
        cipher: FieldCipher,
        removal_rules: RemovalRules = RemovalRules(),
    ) -> None:
        self._database, self._connector, self._removal_rules = database, connector, removal_rules
        self._ingest = Ingest(connector, cipher)
        self._name = connector.name
        self._cause = Cause(f"pull:{self._name}", "worker", uuid.uuid4().hex)
        self._files = RecordFiles(database, connector, self._cause)
        self._known = KnownRecords(database, self._name, self._cause)
        self._confirmed = False

    async def run(self, *, full: bool = False, confirmed: bool = False) -> PullResult:
        """Pull once; errors of the system are in the result and not raised.

        ``confirmed``: a person confirms that all records that a full run does not list are gone, however many.
        """
        self._confirmed = confirmed
        began = time.monotonic()
        async with self._database.dedicated() as db, session_lock(db, f"pull {self._name}") as locked:
            if not locked:
                return PullResult(self._name, "BUSY")
            result = await self._attempt(db, full)
        result.seconds = time.monotonic() - began
        return result

    async def _attempt(self, db: AsyncConnection, full: bool) -> PullResult:
        result = PullResult(self._name, "DONE")
        try:
            await self._run_pages(db, full, result)
        except (TryLater, ConfigurationError) as error:
            await self._record_failure(db, error, result)
        # An internal error is recorded as well: the system backs off and is not shown as UP.
        except Exception as error:
            await self._record_failure(db, TryLater(f"internal error ({type(error).__name__})"), result)
            raise
        return result

    async def _run_pages(self, db: AsyncConnection, full: bool, result: PullResult) -> None:
        now = datetime.now(UTC)
        full_since, cursor = await self._begin(db, full, now)
        known, unfinished = self._known.ids(), self._known.unfinished
        run = Run(cursor=cursor, full=full_since == now, now=now, known=known, unfinished=unfinished)
        listing = full_since if self._lists_all else None
        async with aclosing(self._connector.pages(run)) as pages, aclosing(read_ahead(self._read(pages, now))) as read:
            async for page, batch in read:
                async with transaction(db, self._cause):
                    stored = await self._ingest.store_batch(db, batch, now, settle=False, listed=True, run=listing)
                    await systems.save_cursor(db, self._name, page.cursor)
                result.tally.add(stored.tally)
                await self._files.download_new(page.items, stored.results)
        await self._finish(db, now, full_since, result)
        await self._files.download_due()

    async def _read(self, pages: AsyncIterator[Page], now: datetime) -> AsyncGenerator[tuple[Page, Batch], None]:
        """Yield the pages, joined, with what is stored of them."""
        async with aclosing(_batches(pages)) as batches:
            async for page in batches:
                yield page, await self._ingest.read(page.items, now)

    async def _begin(self, db: AsyncConnection, full: bool, now: datetime) -> tuple[datetime | None, Cursor]:
        """Return when the full run of this pull began (None if it is none), and the cursor to continue from.

        A full run that was interrupted continues at its cursor, so that it ends even if it is interrupted often.
        """
        async with transaction(db, self._cause):
            position = await systems.pull_position(db, self._name)
            full = full or position.full_requested_at is not None
            if position.full_started_at and not full:
                return position.full_started_at, position.cursor
            # A full run in the future, from before the hub's clock was set back, does not count.
            if not full and position.full_at and abs(now - position.full_at) < FULL_INTERVAL:
                return None, position.cursor
            await records.delete_pending(db, self._name)
            await sightings.discard(db, self._name)
            if full:
                await file_downloads.retry_all(db, self._name)
            await systems.begin_full_run(db, self._name, now)
            return now, {}

    async def _finish(
        self, db: AsyncConnection, now: datetime, full_since: datetime | None, result: PullResult
    ) -> None:
        async with transaction(db, self._cause):
            result.tally.add(await self._ingest.finish_run(db, now))
        # In a transaction of its own: it scans all records, and uploads and webhooks of the system wait for the first.
        async with transaction(db, self._cause):
            if full_since and self._lists_all:
                # If the clock was set back since an interrupted run began, its start is in the future.
                run = FullRun(self._name, min(full_since, now), self._horizon(full_since), self._confirmed)
                unidentified = await self._met_unidentified(db, now, full_since, result)
                end = removal_detection.end_unidentified if unidentified else removal_detection.mark_removed
                result.gone = await end(db, run, self._removal_rules)
            await record_success(db, self._name, self._connector.http.clock, result.tally.in_future)
            recovered = await systems.mark_succeeded(db, self._name, now, full_since=full_since)
            if recovered:
                await deliveries.wake(db, self._name)
                await decisions.wake(db, self._name)
        if result.tally.created >= ANALYZE_AFTER:
            async with transaction(db, self._cause):
                await records.analyze(db)
        if recovered:
            log.info("system.recovered", system=self._name)

    async def _met_unidentified(
        self, db: AsyncConnection, now: datetime, full_since: datetime, result: PullResult
    ) -> bool:
        """Return whether the full run met an item without a readable id, whose record is therefore unknown.

        For the part before an interruption only the quarantine is known, and not whether its items had an id.
        """
        if result.tally.unidentified:
            return True
        return full_since != now and await quarantine.has_unreadable_since(db, self._name, full_since)

    @property
    def _lists_all(self) -> bool:
        return self._connector.covers(self._connector.settings) is Coverage.FULL

    def _horizon(self, full_since: datetime) -> datetime | None:
        days = self._connector.horizon_days
        return full_since - timedelta(days=days) if days else None

    async def _record_failure(
        self, db: AsyncConnection, error: TryLater | ConfigurationError, result: PullResult
    ) -> None:
        async with transaction(db, self._cause):
            result.outcome, result.error = await record_failure(db, self._name, error), str(error)


async def _batches(pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
    """Yield pages joined to at least ``BATCH`` items, each with the cursor of its last page.

    If a page cannot be fetched, the pages before it are yielded first, so that they need not be requested again. Raises
    ``ConfigurationError`` for a system that repeats one page, because the pull would never end.
    """
    items: list[Raw] = []
    cursor: Cursor = {}
    last, repeats = Page([]), 0
    waiting = False
    error: HubError | None = None
    try:
        async for page in pages:
            repeats = repeats + 1 if page.items and page == last else 0
            if repeats == MAX_REPEATS:
                raise ConfigurationError("the system returns the same page again and again")
            last = page
            items, cursor, waiting = [*items, *page.items], page.cursor, True
            if len(items) >= BATCH:
                yield Page(items, cursor)
                items, waiting = [], False
    except HubError as raised:
        error = raised
    if waiting:
        yield Page(items, cursor)
    if error:
        raise error
