"""Files that records point to, fetched while their addresses live.

Which files there are is noted in the transaction that stores their records, whatever way these come in. A pull
fetches what is new of a page once that transaction has ended, from the addresses the page told. What could not be
had then, or was told by no pull, is due later: the pull's last step asks its record anew, for an address that lives.
Trouble with a file is noted and never ends a pull; a few seconds a pull are spent on files, and no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from hub.complaints.attachments import MOST_BYTES
from hub.complaints.file_types import media_type, safe_name
from hub.connectors.base import Connector, File, Raw
from hub.errors import HubError, Refused, TryLater
from hub.store import fetching
from hub.store.database import Cause, Database
from hub.store.fetching import Wanted
from hub.store.records import Fate, Outcome
from hub.store.rows import Place
from hub.sync.batch import Batch, storable

log = structlog.get_logger()

AT_ONCE = 4
"""Files in memory at once, of ``MOST_BYTES`` each at most."""

WITHIN = 60.0
"""Seconds a pull may spend on files before it leaves the rest for the next one."""

ANEW = 50
"""Files a pull asks for anew."""

PATIENCE = 3
"""After so many calls in vain a system's files are left alone until the next pull."""

NO_TYPE = "it is no JPEG, PNG, WebP or PDF, whatever its name says"
TOO_LARGE = f"it is larger than {MOST_BYTES} bytes"

WAITS = tuple(timedelta(minutes=each) for each in (1, 10, 60, 360, 1440, 2880, 2880))
"""How long after each attempt a file is due again; after the last of them it is given up."""

_CURRENT = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
"""What becomes of items that say how a record is now."""

_Told = Mapping[Place, Mapping[str, File]]


def noted(connector: Connector, batch: Batch, stored: Mapping[Place, Outcome]) -> Mapping[Place, Mapping[str, str]]:
    """The names of the files that a batch's rows point to, for ``fetching.note``."""
    told = {place: _pointed(connector, raw) for place, raw in batch.whole.items() if stored[place] in _CURRENT}
    return {place: {source: file.name for source, file in files.items()} for place, files in told.items() if files}


class Files:
    """The files of one pull; each write is a short transaction of its own."""

    def __init__(self, database: Database, connector: Connector, cause: Cause) -> None:
        self._database, self._connector, self._cause = database, connector, cause
        self._name = connector.name
        self._left, self._troubles = WITHIN, 0
        self._storing = asyncio.Lock()

    async def take(self, items: Sequence[Raw], fates: Sequence[Fate]) -> None:
        """Fetch what is new of a page, and forget what it points to no more; the page is stored already."""
        if type(self._connector).files is Connector.files:
            return
        told: dict[Place, dict[str, File]] = {}
        for raw, fate in zip(items, fates, strict=True):
            if fate.kind is not None and fate.external_id is not None and fate.outcome in _CURRENT:
                told[fate.kind, fate.external_id] = _pointed(self._connector, storable(raw))
        async with self._database.write(self._cause) as db:
            await fetching.withdraw(db, self._name, told)
            wanted = await fetching.wanted_of(db, self._name, told)
        await self._fetch(wanted, told)

    async def catch_up(self) -> None:
        """Ask anew for the records of files that are due, and fetch these."""
        async with self._database.read() as db:
            wanted = await fetching.longest_wanted(db, self._name, ANEW)
        by_place: dict[Place, list[Wanted]] = {}
        for each in wanted:
            by_place.setdefault(each.place, []).append(each)
        for place, due in by_place.items():
            if not self._has_room:
                return
            await self._ask(place, due)

    async def _ask(self, place: Place, due: Sequence[Wanted]) -> None:
        began = time.monotonic()
        try:
            raw = await self._connector.one(place[1])
        except HubError as trouble:
            for each in due:
                await self._missed(each, trouble)
            return
        finally:
            self._left -= time.monotonic() - began
        await self._fetch(due, {place: _pointed(self._connector, storable(raw)) if raw is not None else {}})

    async def _fetch(self, wanted: Sequence[Wanted], told: _Told) -> None:
        began, room = time.monotonic(), asyncio.Semaphore(AT_ONCE)
        ends = began + self._left

        async def one(each: Wanted) -> None:
            async with room:
                if self._has_room and time.monotonic() < ends:
                    await self._try(each, told[each.place].get(each.source))

        try:
            async with asyncio.TaskGroup() as group:
                for each in wanted:
                    group.create_task(one(each))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            self._left -= time.monotonic() - began

    @property
    def _has_room(self) -> bool:
        return self._left > 0 and self._troubles < PATIENCE

    async def _try(self, wanted: Wanted, file: File | None) -> None:
        try:
            if file is None:
                raise Refused("its system does not point to it any more")
            content = await self._connector.fetch(file)
        except HubError as trouble:
            await self._missed(wanted, trouble)
        else:
            await self._had(wanted, content)

    async def _had(self, wanted: Wanted, content: bytes) -> None:
        kind, fits = media_type(content), len(content) <= MOST_BYTES
        async with self._storing, self._database.write(self._cause) as db:
            if kind and fits:
                await fetching.keep(db, self._name, wanted, safe_name(wanted.name, kind), kind, content)
            else:
                await fetching.miss(db, self._name, wanted, NO_TYPE if fits else TOO_LARGE, None)

    async def _missed(self, wanted: Wanted, trouble: HubError) -> None:
        """What is shown are the hub's own words; a system's go to the log."""
        self._troubles += isinstance(trouble, TryLater)
        shown = str(trouble) if isinstance(trouble, Refused) else "its system cannot be asked for it now"
        again = WAITS[wanted.attempts] if wanted.attempts < len(WAITS) else None
        async with self._storing, self._database.write(self._cause) as db:
            await fetching.miss(db, self._name, wanted, shown, again)
        log.warning("file.missed", system=self._name, record=wanted.external_id, trouble=str(trouble))


def _pointed(connector: Connector, raw: Raw) -> dict[str, File]:
    return {file.source: file for file in connector.files(raw)}
