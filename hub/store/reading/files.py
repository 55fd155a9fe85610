"""The files of records as viewers get them: each visible with a record that points to it, and not otherwise.

Only reports have files so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, RowMapping, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import Database
from hub.store.reading.naming import Ref, given_as_rows, named
from hub.store.reading.record_entities import REPORT
from hub.store.tables import records
from hub.store.tables_sync import files, record_files
from hub.viewer import Viewer

SLICE = 256 * 1024
"""Bytes of a content that are in memory at once."""


@dataclass(frozen=True, slots=True)
class Content:
    """A stored content, by its SHA-256: its media type, its size in bytes, and what it may be called."""

    sha256: bytes
    media_type: str
    size: int
    name: str


async def of(db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref]) -> Mapping[Ref, list[RowMapping]]:
    """The files of the reports among ``refs`` that ``viewer`` sees, in the order their system numbers them."""
    given, source = given_as_rows(refs), record_files.c.source
    found = await db.execute(
        select(*record_files.c, files.c.media_type, files.c.size)
        .select_from(given.join(records, true()).join(record_files, _OWNED))
        .outerjoin(files, files.c.sha256 == record_files.c.sha256)
        .where(REPORT.allowed(viewer), named(REPORT, given))
        # Numbers in a source have no leading zeros: the shorter is the smaller.
        .order_by(func.length(source), source)
    )
    by_ref: dict[Ref, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ref[row["system"], row["external_id"]].append(row)
    return by_ref


async def content(db: AsyncConnection, viewer: Viewer, sha256: bytes) -> Content | None:
    """What is stored under this hash, called as the first report that points to it and that ``viewer`` sees has it."""
    statement = (
        select(files.c.sha256, files.c.media_type, files.c.size, record_files.c.name)
        .select_from(record_files.join(files, files.c.sha256 == record_files.c.sha256).join(records, _OWNED))
        .where(record_files.c.sha256 == sha256, REPORT.allowed(viewer))
        .order_by(record_files.c.system, record_files.c.external_id, record_files.c.source)
        .limit(1)
    )
    row = (await db.execute(statement)).one_or_none()
    return Content(*row) if row else None


async def slices(database: Database, stored: Content) -> AsyncIterator[bytes]:
    """A content in order; no connection is held while one slice is sent."""
    for begin in range(1, stored.size + 1, SLICE):
        part = select(func.substring(files.c.content, begin, SLICE)).where(files.c.sha256 == stored.sha256)
        async with database.read() as db:
            found: bytes = (await db.execute(part)).scalar_one()
        yield found


_OWNED: ColumnElement[bool] = and_(
    record_files.c.system == records.c.system,
    record_files.c.kind == records.c.kind,
    record_files.c.external_id == records.c.external_id,
)
