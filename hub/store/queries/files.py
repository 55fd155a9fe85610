"""Queries for the files of records. A file is visible to those who see a record that refers to it.

Only reports have files so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, RowMapping, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import Database
from hub.store.queries.lookup import Ref, matches_refs, refs_table
from hub.store.queries.record_entities import REPORT
from hub.store.tables import records
from hub.store.tables.sync import files, record_files
from hub.viewer import Viewer

SLICE = 256 * 1024
"""Number of bytes of a content that are in memory at once."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored content: its SHA-256, media type, size in bytes and file name.

    ``subject`` is the report by which it is visible, as named in the audit trail; ``secret``: whether that is secret.
    """

    sha256: bytes
    media_type: str
    size: int
    name: str
    secret: bool
    subject: str


async def list_for_reports(db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref]) -> Mapping[Ref, list[RowMapping]]:
    """Return the files of the reports among ``refs`` that ``viewer`` sees, in the order of their numbers."""
    requested, source = refs_table(refs), record_files.c.source
    found = await db.execute(
        select(*record_files.c, files.c.media_type, files.c.size)
        .select_from(requested.join(records, true()).join(record_files, _OF_RECORD))
        .outerjoin(files, files.c.sha256 == record_files.c.sha256)
        .where(REPORT.allowed(viewer), matches_refs(REPORT, requested))
        # Numbers in a source have no leading zeros: the shorter is the smaller.
        .order_by(func.length(source), source)
    )
    by_ref: dict[Ref, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ref[row["system"], row["external_id"]].append(row)
    return by_ref


async def find_file(db: AsyncConnection, viewer: Viewer, sha256: bytes) -> StoredFile | None:
    """Return the content with this hash, with the name that it has in the first report that ``viewer`` sees."""
    subject = func.concat(record_files.c.system, ":", record_files.c.external_id)
    statement = (
        select(files.c.sha256, files.c.media_type, files.c.size, record_files.c.name, records.c.secret, subject)
        .select_from(record_files.join(files, files.c.sha256 == record_files.c.sha256).join(records, _OF_RECORD))
        .where(record_files.c.sha256 == sha256, REPORT.allowed(viewer))
        .order_by(record_files.c.system, record_files.c.external_id, record_files.c.source)
        .limit(1)
    )
    row = (await db.execute(statement)).one_or_none()
    return StoredFile(*row) if row else None


async def stream(database: Database, stored: StoredFile) -> AsyncIterator[bytes]:
    """Yield a content in slices; no connection is held while a slice is sent."""
    for begin in range(1, stored.size + 1, SLICE):
        part = select(func.substring(files.c.content, begin, SLICE)).where(files.c.sha256 == stored.sha256)
        async with database.read() as db:
            found: bytes = (await db.execute(part)).scalar_one()
        yield found


_OF_RECORD: ColumnElement[bool] = and_(
    record_files.c.system == records.c.system,
    record_files.c.kind == records.c.kind,
    record_files.c.external_id == records.c.external_id,
)
