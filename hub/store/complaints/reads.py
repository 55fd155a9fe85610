"""The access log: each time somebody reads who a reporter is. The reporter can read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, insert, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from hub.store.reading import sight
from hub.store.tables import complaints
from hub.store.tables_auth import reads
from hub.viewer import Viewer

MOST = 100
"""Reads of a complaint that are told at once: a screen that is looked at all day makes thousands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Why and in which request somebody reads. ``correlation`` is the request's id."""

    viewer: Viewer
    purpose: str
    correlation: str


async def note(db: AsyncConnection, reading: Reading, tickets: Collection[str], fields: Sequence[str]) -> None:
    """Note that the ``fields`` of the reporters of ``tickets`` are read: a row each, in one statement."""
    said = {
        "reader": literal(reading.viewer.name),
        "client": literal(reading.viewer.client, Text),
        "purpose": literal(reading.purpose),
        "fields": literal(list(fields), ARRAY(Text)),
        "correlation": literal(reading.correlation),
    }
    read = select(complaints.c.id, *said.values()).where(complaints.c.ticket.in_(tickets))
    await db.execute(insert(reads).from_select(["complaint_id", *said], read))


async def of(
    db: AsyncConnection, viewer: Viewer, tickets: Sequence[str], before: datetime | None = None
) -> Mapping[str, list[RowMapping]]:
    """The last ``MOST`` reads ``before`` then, or until now, of those of ``tickets`` whose reads ``viewer`` may see."""
    if not sight.may_see_reads(viewer):
        return {}
    asked = and_(reads.c.complaint_id == complaints.c.id, true() if before is None else reads.c.at < before)
    last = select(reads).where(asked).order_by(reads.c.id.desc()).limit(MOST).correlate(complaints).lateral("last")
    found = await db.execute(
        select(complaints.c.ticket, *last.c)
        .outerjoin(last, true())
        .where(complaints.c.ticket.in_(tickets), sight.in_full(viewer))
        .order_by(last.c.id.desc())
    )
    by_ticket: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ticket[row["ticket"]] += [row] if row["id"] else []
    return by_ticket
