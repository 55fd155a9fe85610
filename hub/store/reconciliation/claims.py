"""Claims: records that may be a complaint's counterpart by a reference; the complaint desk confirms or dismisses them.

Anybody can submit a complaint with the tracking id of somebody else's report, or write a ticket of the hub into a
report's tags. A claim therefore links nothing and sends nothing to either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.claims import ClaimDecision, no_claim
from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintStatus
from hub.complaints.forwarding import linked_elsewhere, under_way
from hub.complaints.workflow import Action, Refusal, check_decision
from hub.store.complaints import timeline
from hub.store.complaints.permissions import lock_complaint, role_of
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.outbox import deliveries
from hub.store.queries.lookup import Ref, is_storable_text
from hub.store.queries.record_entities import REPORT
from hub.store.queries.record_visibility import unlinked
from hub.store.reconciliation import counterparts
from hub.store.reconciliation.counterparts import Origin
from hub.store.tables import complaints, records
from hub.store.tables.sync import claims
from hub.viewer import Viewer

CLAIM_KEYS = ("ticket", "report")
"""The keys of a record that can refer to a complaint: the hub's ticket, and the record's own number."""


class RecordReference(NamedTuple):
    """A key of a record that may also be a complaint's."""

    external_id: str
    name: str
    value: str


# A rejected complaint claims nothing by a number. A record with a ticket may be one that the hub itself created.
_RECORD = """
with named as (
    select * from unnest(cast(:ids as text[]), cast(:names as text[]), cast(:values as text[]))
        as t(external_id, name, value)),
found as (
    select n.external_id, c.id as complaint_id, 'TAG' as source from named n
    join complaints c on c.ticket = n.value where n.name = 'ticket'
    union all
    select n.external_id, k.complaint_id, 'NUMBER' from named n
    join complaint_keys k on k.name = n.name and k.value = n.value
    join complaints c on c.id = k.complaint_id and c.status <> 'REJECTED'
    where n.name = 'report'),
stored as (
    insert into claims (system, external_id, complaint_id, source)
    select distinct on (external_id, complaint_id) :system, external_id, complaint_id, source from found
    order by external_id, complaint_id, source desc
    on conflict do nothing)
select distinct f.external_id from found f
where f.source = 'TAG'
  and exists (select from deliveries d where d.system = :system and d.complaint_id = f.complaint_id
              and d.action = 'CREATE' and d.state <> 'GIVEN_UP')
  and not exists (select from claims c where c.system = :system and c.external_id = f.external_id
                  and c.complaint_id = f.complaint_id and c.dismissed_at is not null)
"""


async def record_claims(db: AsyncConnection, system: str, references: Sequence[RecordReference]) -> set[str]:
    """Store the claims of records without a complaint; return the records that the hub may have created itself."""
    if not references:
        return set()
    ids, names, values = (list(each) for each in zip(*references, strict=True))
    return set(await db.scalars(text(_RECORD), {"system": system, "ids": ids, "names": names, "values": values}))


# Records that a pull stored while a complaint was being submitted were not compared with it.
_RECORD_LATE = """
insert into claims (system, external_id, complaint_id, source)
select r.system, r.external_id, k.complaint_id, 'NUMBER'
from complaints c
join complaint_keys k on k.complaint_id = c.id and k.name = 'report'
join record_keys rk on rk.system = :system and rk.name = k.name and rk.value = k.value
join records r on r.system = rk.system and r.id = rk.record_id
where c.received_at > (select coalesce(synced_at, '-infinity') from systems where name = :system) - interval '1 hour'
  and c.status <> 'REJECTED'
  and not exists (select from counterparts p where p.system = r.system and p.external_id = r.external_id)
on conflict do nothing
"""


async def record_late_claims(db: AsyncConnection, system: str) -> None:
    """Store the claims of complaints that were submitted since the last pull."""
    await db.execute(text(_RECORD_LATE), {"system": system})


@dataclass(frozen=True, slots=True)
class ClaimResolution:
    """The desk's decision on the claim between one record, by (system, external id), and one complaint."""

    ticket: str
    record: Ref
    decision: ClaimDecision


async def resolve(
    db: AsyncConnection, cause: Cause, viewer: Viewer, resolution: ClaimResolution
) -> Completed | Refusal | None:
    """Confirm or dismiss a claim; None if the complaint does not exist or the viewer may not act on it."""
    row = await lock_complaint(db, viewer, resolution.ticket)
    if row is None:
        return None
    if refusal := check_decision(Action.LINK, role_of(viewer)):
        return refusal
    if not await _lock_open_claim(db, viewer, row["id"], resolution.record):
        return no_claim()
    system, external_id = resolution.record
    if resolution.decision is ClaimDecision.DISMISS:
        mine = claims.c.complaint_id == row["id"], claims.c.system == system, claims.c.external_id == external_id
        await db.execute(update(claims).where(*mine).values(dismissed_at=func.now(), dismissed_by=cause.actor))
        return Completed(row["id"], row["ticket"])
    # The delivery would create another record, to which nothing would be linked.
    if await deliveries.is_creating(db, system, row["id"]):
        return under_way()
    if not await counterparts.link(db, system, [(external_id, row["id"], Origin.CONFIRMED)]):
        return linked_elsewhere()
    await deliveries.settle_linked(db, system, row["id"])
    # Not before the latest step, even if the clock was set back: a timeline is in order.
    now = max(datetime.now(UTC), row["updated_at"])
    entry = TimelineEntry(ComplaintStatus(row["status"]), now)
    await timeline.add_step(db, row["id"], Action.LINK, entry, role_of(viewer), cause.actor)
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(updated_at=now))
    return Completed(row["id"], row["ticket"])


async def _lock_open_claim(db: AsyncConnection, viewer: Viewer, complaint_id: int, record: Ref) -> Any:
    """Return the claim, locked, if it is open and the viewer may see the record; else None."""
    system, external_id = record
    if not (is_storable_text(system) and is_storable_text(external_id)):
        return None
    visible_record = select(records.c.id).where(
        REPORT.allowed(viewer), REPORT.system == system, REPORT.ref == external_id
    )
    open_claim = select(claims.c.complaint_id).where(
        claims.c.complaint_id == complaint_id,
        claims.c.system == system,
        claims.c.external_id == external_id,
        claims.c.dismissed_at.is_(None),
        unlinked(),
        visible_record.exists(),
    )
    return await db.scalar(open_claim.with_for_update())
