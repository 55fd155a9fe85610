"""Downloads the files that records refer to, while their signed addresses are valid.

The files are added in the transaction that stores their records, however these were ingested. After that transaction a
pull downloads the new files of a page from the addresses in the page. A file that could not be downloaded then, or did
not come with a pull, is due later: the last step of a pull fetches its record again, for a valid address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.base import Connector
from hub.contract import File, Raw
from hub.errors import HubError
from hub.store.database import Cause, Database
from hub.store.ingest import file_downloads
from hub.store.ingest.file_downloads import DueFile
from hub.store.ingest.outcomes import ItemResult, Outcome
from hub.store.ingest.rows import RecordKey
from hub.sync.batch import CURRENT_OUTCOMES, Batch, make_storable
from hub.sync.file_download import FileDownloads

RETRY_BATCH = 50
"""Maximum number of due files that a pull downloads from records it fetches again."""


def file_names(
    connector: Connector, batch: Batch, stored: Mapping[RecordKey, Outcome]
) -> Mapping[RecordKey, Mapping[str, str]]:
    """Return the names of the files that a batch's rows refer to, by record and source."""
    listed = {
        key: _listed_files(connector, raw) for key, raw in batch.unredacted.items() if stored[key] in CURRENT_OUTCOMES
    }
    return {
        key: make_storable({file.source: file.name for file in files.values()})
        for key, files in listed.items()
        if files
    }


class RecordFiles:
    """The files of one pull."""

    def __init__(self, database: Database, connector: Connector, cause: Cause) -> None:
        self._database, self._connector, self._cause = database, connector, cause
        self._name = connector.name
        self._downloads = FileDownloads(database, connector, cause)

    async def download_new(self, items: Sequence[Raw], results: Sequence[ItemResult]) -> None:
        """Download the new files of a stored page, and remove the files that its records no longer refer to."""
        if not self._has_files:
            return
        listed: dict[RecordKey, dict[str, File]] = {}
        for raw, result in zip(items, results, strict=True):
            if result.kind is not None and result.external_id is not None and result.outcome in CURRENT_OUTCOMES:
                listed[result.kind, result.external_id] = _listed_files(self._connector, make_storable(raw))
        async with self._database.write(self._cause) as db:
            await file_downloads.remove_unlisted(db, self._name, listed)
            due = await file_downloads.due_among(db, self._name, listed)
        await self._downloads.download(due, listed)

    async def download_due(self) -> None:
        """Fetch the records of due files again, and download the files."""
        if not self._has_files:
            return
        async with self._database.read() as db:
            due_files = await file_downloads.longest_due(db, self._name, RETRY_BATCH)
        by_record: dict[RecordKey, list[DueFile]] = {}
        for each in due_files:
            by_record.setdefault(each.key, []).append(each)
        for key, due in by_record.items():
            if self._downloads.has_budget:
                await self._refetch(key, due)

    async def _refetch(self, key: RecordKey, due: Sequence[DueFile]) -> None:
        try:
            with self._downloads.measure():
                raw = await self._connector.fetch_one(key[1])
        except HubError as error:
            await self._downloads.record_failures(due, error)
        else:
            addresses = {} if raw is None else _listed_files(self._connector, make_storable(raw))
            await self._downloads.download(due, {key: addresses})

    @property
    def _has_files(self) -> bool:
        return type(self._connector).files is not Connector.files


def _listed_files(connector: Connector, raw: Raw) -> dict[str, File]:
    return {file.source: file for file in connector.files(raw)}
