"""Files that records point to, fetched while their addresses live.

Which files there are is noted in the transaction that stores their records, whatever way these come in. A pull
fetches what is new of a page once that transaction has ended, from the addresses the page told. What could not be
had then, or was told by no pull, is due later: the pull's last step asks its record anew, for an address that lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.base import Connector, File, Raw
from hub.errors import HubError
from hub.store.database import Cause, Database
from hub.store.ingest import fetching
from hub.store.ingest.fetching import Wanted
from hub.store.ingest.outcomes import Fate, Outcome
from hub.store.ingest.rows import Place
from hub.sync.batch import CURRENT, Batch, storable
from hub.sync.fetch import Fetch

ANEW = 50
"""Files a pull asks for anew."""


def noted(connector: Connector, batch: Batch, stored: Mapping[Place, Outcome]) -> Mapping[Place, Mapping[str, str]]:
    """The names of the files that a batch's rows point to, for ``fetching.note``."""
    told = {place: _pointed(connector, raw) for place, raw in batch.whole.items() if stored[place] in CURRENT}
    return {
        place: storable({file.source: file.name for file in files.values()}) for place, files in told.items() if files
    }


class Files:
    """The files of one pull."""

    def __init__(self, database: Database, connector: Connector, cause: Cause) -> None:
        self._database, self._connector, self._cause = database, connector, cause
        self._name = connector.name
        self._fetch = Fetch(database, connector, cause)

    async def take(self, items: Sequence[Raw], fates: Sequence[Fate]) -> None:
        """Fetch what is new of a page, and forget what it points to no more; the page is stored already."""
        if not self._has_files:
            return
        told: dict[Place, dict[str, File]] = {}
        for raw, fate in zip(items, fates, strict=True):
            if fate.kind is not None and fate.external_id is not None and fate.outcome in CURRENT:
                told[fate.kind, fate.external_id] = _pointed(self._connector, storable(raw))
        async with self._database.write(self._cause) as db:
            await fetching.withdraw(db, self._name, told)
            wanted = await fetching.wanted_of(db, self._name, told)
        await self._fetch.all(wanted, told)

    async def catch_up(self) -> None:
        """Ask anew for the records of files that are due, and fetch these."""
        if not self._has_files:
            return
        async with self._database.read() as db:
            wanted = await fetching.longest_wanted(db, self._name, ANEW)
        by_place: dict[Place, list[Wanted]] = {}
        for each in wanted:
            by_place.setdefault(each.place, []).append(each)
        for place, due in by_place.items():
            if self._fetch.has_room:
                await self._ask(place, due)

    async def _ask(self, place: Place, due: Sequence[Wanted]) -> None:
        try:
            with self._fetch.spending():
                raw = await self._connector.one(place[1])
        except HubError as trouble:
            await self._fetch.miss(due, trouble)
        else:
            told = {} if raw is None else _pointed(self._connector, storable(raw))
            await self._fetch.all(due, {place: told})

    @property
    def _has_files(self) -> bool:
        return type(self._connector).files is not Connector.files


def _pointed(connector: Connector, raw: Raw) -> dict[str, File]:
    return {file.source: file for file in connector.files(raw)}
