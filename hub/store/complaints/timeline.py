"""The parts of complaints that are loaded on demand: timelines, keys, and reporters for viewers who may know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.workflow import Action, Role
from hub.errors import ConfigurationError
from hub.store.encryption import FieldCipher
from hub.store.queries import compiled, visibility
from hub.store.queries.compiled import Inputs
from hub.store.queries.entity import one_of
from hub.store.tables import complaint_keys, complaint_steps, complaints, reporters
from hub.viewer import Viewer

log = structlog.get_logger()


async def add_step(
    db: AsyncConnection,
    complaint_id: int,
    action: Action,
    entry: TimelineEntry,
    role: Role,
    actor: str,
    note: str | None = None,
) -> int:
    """Add a step to the end of a timeline; return its id."""
    codes = {"action": action.value, "status": entry.status.value, "role": role.value}
    values = {"complaint_id": complaint_id, **codes, "actor": actor, "at": entry.at, "note": note}
    added = await db.execute(insert(complaint_steps).values(values).returning(complaint_steps.c.id))
    return int(added.scalar_one())


async def steps(db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    """Return the timelines, in order, of the complaints among ``tickets`` that ``viewer`` sees in full."""
    found = await db.execute(
        select(complaints.c.ticket, *complaint_steps.c)
        .join(complaint_steps, complaint_steps.c.complaint_id == complaints.c.id)
        .where(complaints.c.ticket.in_(tickets), visibility.fully_visible(viewer))
        .order_by(complaint_steps.c.complaint_id, complaint_steps.c.id)
    )
    by_ticket: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_ticket[row["ticket"]].append(row)
    return by_ticket


async def keys(db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]) -> Mapping[str, dict[str, str]]:
    """Return the keys of the complaints among ``tickets`` that ``viewer`` sees in full, by name."""
    found = await db.execute(
        select(complaints.c.ticket, complaint_keys.c.name, complaint_keys.c.value)
        .outerjoin(complaint_keys, complaint_keys.c.complaint_id == complaints.c.id)
        .where(complaints.c.ticket.in_(tickets), visibility.fully_visible(viewer))
    )
    by_ticket: dict[str, dict[str, str]] = defaultdict(dict)
    for ticket, name, value in found:
        by_ticket[ticket] |= {name: value} if name else {}
    return by_ticket


async def load_reporters(
    db: AsyncConnection, viewer: Viewer, cipher: FieldCipher, tickets: Sequence[str]
) -> Mapping[str, dict[str, Any]]:
    """Return the reporters of the complaints among ``tickets``; none for a viewer who may not know reporters."""
    if not visibility.may_know_reporters(viewer):
        return {}

    def build(inputs: Inputs) -> Select[Any]:
        return (
            select(complaints.c.ticket, reporters.c.id, reporters.c.sealed)
            .join(reporters, reporters.c.id == complaints.c.reporter_id)
            .where(
                one_of(complaints.c.ticket)(inputs["tickets"]),
                visibility.fully_visible(compiled.viewer_with(viewer, inputs)),
            )
        )

    inputs = {**compiled.inputs_of(viewer), "tickets": tuple(tickets)}
    rows = await compiled.fetch(db, ("reporters", compiled.kind_of(viewer)), inputs, build)
    found = {row["ticket"]: _decrypted(cipher, row["sealed"], row["id"]) for row in rows}
    return {ticket: reporter for ticket, reporter in found.items() if reporter}


def _decrypted(cipher: FieldCipher, ciphertext: bytes, reporter_id: int) -> dict[str, Any] | None:
    """Return the reporter; None if it cannot be decrypted, so that the others on the page are still returned."""
    try:
        return cipher.decrypt(ciphertext, f"reporters:{reporter_id}")
    except ConfigurationError as error:
        log.error("reporter.undecryptable", reporter=reporter_id, error=str(error))
        return None
