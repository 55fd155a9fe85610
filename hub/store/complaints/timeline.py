"""What hangs on complaints and is read beside them: their timelines, and reporters for those who may know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import Reached
from hub.complaints.workflow import Action, Role
from hub.errors import Stop
from hub.store.reading import sight
from hub.store.sealing import Seal
from hub.store.tables import complaint_keys, complaint_steps, complaints, reporters
from hub.viewer import Viewer

log = structlog.get_logger()


async def id_of(db: AsyncConnection, ticket: str) -> int | None:
    """The id of a complaint, whoever may see it: to check its tracking code, and for nothing else."""
    found: int | None = await db.scalar(select(complaints.c.id).where(complaints.c.ticket == ticket))
    return found


async def add_step(
    db: AsyncConnection,
    complaint_id: int,
    action: Action,
    reached: Reached,
    role: Role,
    actor: str,
    note: str | None = None,
) -> int:
    """Add what was done to the end of a timeline; returns the step's id."""
    codes = {"action": action.value, "status": reached.status.value, "role": role.value}
    values = {"complaint_id": complaint_id, **codes, "actor": actor, "at": reached.at, "note": note}
    added = await db.execute(insert(complaint_steps).values(values).returning(complaint_steps.c.id))
    return int(added.scalar_one())


async def steps(db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    """The timelines of the complaints among ``tickets`` that ``viewer`` sees in full, in order."""
    found = await db.execute(
        select(complaints.c.ticket, *complaint_steps.c)
        .join(complaint_steps, complaint_steps.c.complaint_id == complaints.c.id)
        .where(complaints.c.ticket.in_(tickets), sight.in_full(viewer))
        .order_by(complaint_steps.c.complaint_id, complaint_steps.c.id)
    )
    by_ticket: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ticket[row["ticket"]].append(row)
    return by_ticket


async def keys(db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]) -> Mapping[str, dict[str, str]]:
    """The references to other systems that those complaints among ``tickets`` were submitted with."""
    found = await db.execute(
        select(complaints.c.ticket, complaint_keys.c.name, complaint_keys.c.value)
        .outerjoin(complaint_keys, complaint_keys.c.complaint_id == complaints.c.id)
        .where(complaints.c.ticket.in_(tickets), sight.in_full(viewer))
    )
    by_ticket: dict[str, dict[str, str]] = defaultdict(dict)
    for ticket, name, value in found:
        by_ticket[ticket] |= {name: value} if name else {}
    return by_ticket


async def reporters_of(
    db: AsyncConnection, viewer: Viewer, seal: Seal, tickets: Sequence[str]
) -> Mapping[str, dict[str, Any]]:
    """Who submitted the complaints among ``tickets``; nobody for a viewer who may not know."""
    if not sight.may_know_reporters(viewer):
        return {}
    found = await db.execute(
        select(complaints.c.ticket, reporters.c.id, reporters.c.sealed)
        .join(reporters, reporters.c.id == complaints.c.reporter_id)
        .where(complaints.c.ticket.in_(tickets), sight.in_full(viewer))
    )
    return {ticket: who for ticket, id_, sealed in found if (who := _opened(seal, sealed, id_))}


def _opened(seal: Seal, sealed: bytes, reporter_id: int) -> dict[str, Any] | None:
    """None for one that cannot be opened: the others on the page still can."""
    try:
        return seal.open(sealed, f"reporters:{reporter_id}")
    except Stop as trouble:
        log.error("reporter.sealed", reporter=reporter_id, trouble=str(trouble))
        return None
