"""The access log: each access to a reporter's identity, and each disclosure to a system. The reporter can read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import RowMapping, and_, insert, literal, not_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from hub.contract import Delivery
from hub.store import audit
from hub.store.database import DURABLE, Cause, Database
from hub.store.queries import visibility
from hub.store.tables import complaints
from hub.store.tables.oauth import reads
from hub.viewer import Viewer

MAX_ENTRIES = 100
"""Maximum number of entries returned for a complaint: a screen that is open all day makes thousands."""


FORWARDING = "FORWARDING"
"""The purpose of a disclosure to another system."""


_RECORD = f"""
{DURABLE}, reading as materialized (
    select * from jsonb_to_recordset(%(rows)s)
    as r({audit.READ_COLUMNS}, ticket text, purpose text, fields text[])
), logged as (
    insert into reads (complaint_id, reader, client, purpose, fields, correlation)
    select c.id, actor, client, purpose, fields, request_id from reading join complaints c on c.ticket = reading.ticket
)
{audit.ADD_READS} from durable, reading
"""  # noqa: S608 - of constants


async def record_access(
    database: Database, cause: Cause, purpose: str, tickets: Iterable[str], fields: Sequence[str]
) -> None:
    """Record that the ``fields`` of the reporters of ``tickets`` are read: here and in the audit trail, a row each.

    It is done in a transaction of its own. Return when it is durable.
    """
    read: dict[str, audit.Detail] = {"purpose": purpose, "fields": list(fields)}
    rows = [
        {**audit.read_row(cause, "identity:read", f"complaint:{ticket}", read), **read, "ticket": ticket}
        for ticket in tickets
    ]
    await database.grouped_writes.write(_RECORD, rows)


async def record_disclosure(db: AsyncConnection, system: str, delivery: Delivery) -> None:
    """Record that a delivery discloses the reporter to ``system``: once, before the delivery is first sent."""
    reporter, key = delivery.complaint.reporter, delivery.key
    if reporter is None:
        return
    recorded = select(literal(1)).where(
        reads.c.complaint_id == complaints.c.id, reads.c.purpose == FORWARDING, reads.c.correlation == key
    )
    fields = [name for name, value in asdict(reporter).items() if value]
    columns = {
        "reader": literal(f"system:{system}"),
        "purpose": literal(FORWARDING),
        "fields": literal(fields, ARRAY(Text)),
        "correlation": literal(key),
    }
    rows = select(complaints.c.id, *columns.values()).where(
        complaints.c.ticket == delivery.complaint.ticket, not_(recorded.correlate(complaints).exists())
    )
    new = insert(reads).from_select(["complaint_id", *columns], rows).returning(reads.c.id)
    if (await db.execute(new)).first():
        subject = f"complaint:{delivery.complaint.ticket}"
        await audit.record(db, "identity:hand-over", subject, system=system, delivery=key, fields=fields)


async def list_for_tickets(
    db: AsyncConnection, viewer: Viewer, tickets: Sequence[str], before: datetime | None = None
) -> Mapping[str, list[RowMapping]]:
    """Return the latest ``MAX_ENTRIES`` entries of each ticket, those ``before`` a time if it is set.

    Tickets whose access log ``viewer`` may not see are left out.
    """
    if not visibility.may_see_access_log(viewer):
        return {}
    condition = and_(reads.c.complaint_id == complaints.c.id, true() if before is None else reads.c.at < before)
    last = (
        select(reads)
        .where(condition)
        .order_by(reads.c.id.desc())
        .limit(MAX_ENTRIES)
        .correlate(complaints)
        .lateral("last")
    )
    found = await db.execute(
        select(complaints.c.ticket, *last.c)
        .outerjoin(last, true())
        .where(complaints.c.ticket.in_(tickets), visibility.fully_visible(viewer))
        .order_by(last.c.id.desc())
    )
    by_ticket: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ticket[row["ticket"]] += [row] if row["id"] else []
    return by_ticket
