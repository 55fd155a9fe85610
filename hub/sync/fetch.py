"""Fetching files, a few at once and for a bounded time: what became of each is stored, and trouble ends nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.attachments import MOST_BYTES
from hub.complaints.file_types import media_type, safe_name
from hub.connectors.base import Connector, File
from hub.connectors.together import together
from hub.errors import HubError, Refused, TryLater, Unfit
from hub.store.database import Cause, Database
from hub.store.ingest import fetching
from hub.store.ingest.fetching import Wanted
from hub.store.ingest.rows import Place

log = structlog.get_logger()

AT_ONCE = 6
"""Files fetched at once and stored together, of ``MOST_BYTES`` each at most."""

WITHIN = 60.0
"""Seconds a pull may spend on files before it leaves the rest for the next one."""

PATIENCE = 3
"""After so many calls in vain a system's files are left alone until the next pull."""

ELSEWHERE = "its system cannot be asked for it now"

WAITS = tuple(timedelta(minutes=each) for each in (1, 10, 60, 360, 1440, 2880, 2880))
"""How long after each attempt a file is due again; after the last of them it is given up, and what is unfit at once."""


class Fetch:
    """What one pull fetches of one system; each write is a short transaction of its own."""

    def __init__(self, database: Database, connector: Connector, cause: Cause) -> None:
        self._database, self._connector, self._cause = database, connector, cause
        self._name = connector.name
        self._left, self._troubles = WITHIN, 0

    @property
    def has_room(self) -> bool:
        """Whether there is time left, and patience."""
        return self._left > 0 and self._troubles < PATIENCE

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time the block takes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._left -= time.monotonic() - began

    async def all(self, wanted: Sequence[Wanted], told: Mapping[Place, Mapping[str, File]]) -> None:
        """Fetch what is wanted, by record and source from ``told``, as far as there is room."""
        for start in range(0, len(wanted), AT_ONCE):
            if not self.has_room:
                return
            due = wanted[start : start + AT_ONCE]
            with self.spending():
                got = await together(self._get, [told[each.place].get(each.source) for each in due], AT_ONCE)
                await self._store(due, got)

    async def miss(self, due: Sequence[Wanted], trouble: HubError) -> None:
        """Their record could not be asked for."""
        self._count(trouble)
        await self._store(due, [trouble] * len(due))

    async def _get(self, file: File | None) -> Had | HubError:
        if file is None:
            return Refused("its system does not point to it any more")
        try:
            return _had(await self._connector.fetch(file))
        except HubError as trouble:
            self._count(trouble)
            return trouble

    def _count(self, trouble: HubError) -> None:
        self._troubles += isinstance(trouble, TryLater)

    async def _store(self, due: Sequence[Wanted], got: Sequence[Had | HubError]) -> None:
        # Two pulls that store equal contents in different orders would wait for each other.
        pairs = sorted(
            zip(due, got, strict=True), key=lambda pair: pair[1].content if isinstance(pair[1], Had) else b""
        )
        async with self._database.write(self._cause) as db:
            for wanted, each in pairs:
                if isinstance(each, HubError):
                    await self._miss(db, wanted, each)
                else:
                    name = safe_name(wanted.name, each.type)
                    await fetching.keep(db, self._name, wanted, name, each.type, each.content)

    async def _miss(self, db: AsyncConnection, wanted: Wanted, trouble: HubError) -> None:
        """What is shown are the hub's own words; a system's go to the log."""
        log.warning("file.missed", system=self._name, record=wanted.external_id, trouble=str(trouble))
        shown = str(trouble) if isinstance(trouble, Refused) else ELSEWHERE
        final = isinstance(trouble, Unfit) or wanted.attempts >= len(WAITS)
        await fetching.miss(db, self._name, wanted, shown, None if final else WAITS[wanted.attempts])


class Had(NamedTuple):
    """A file's content, and its type."""

    content: bytes
    type: str


def _had(content: bytes) -> Had:
    """Raises ``Unfit`` for what is not kept."""
    if len(content) > MOST_BYTES:
        raise Unfit(f"it is larger than {MOST_BYTES} bytes")
    kind = media_type(content)
    if kind is None:
        raise Unfit("it is no JPEG, PNG, WebP or PDF, whatever its name says")
    return Had(content, kind)
