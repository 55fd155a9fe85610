"""Tracking codes: the seed of a code, whether a code is valid, and its renewal (decision 0010).

A partner that submits a complaint gets its code, to hand it to the reporter. It does not get the code of a secret
complaint. A code that a partner got is void while the partner is suspended, and once the complaint is secret; the desk
then renews the code for the reporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Text, and_, cast, func, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintStatus
from hub.complaints.workflow import Action, Refusal, check_decision
from hub.store import audit
from hub.store.complaints import timeline
from hub.store.complaints.permissions import lock_complaint, role_of
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.queries.entity import one_of
from hub.store.tables import complaints
from hub.store.tables.oauth import clients, outside_suspensions
from hub.viewer import Viewer, ViewerKind

CLIENT = "client:"
"""The prefix of a partner's name; the id of its client follows."""

_SEED = func.coalesce(cast(complaints.c.code_seed, Text), cast(complaints.c.id, Text))
"""Complaints from before version 0009 of the database have no seed; their id is used instead."""


def is_disclosed(viewer: Viewer, *, secret: bool) -> bool:
    """Return whether a viewer who submits a complaint gets its code."""
    return not (secret and viewer.kind is ViewerKind.PARTNER)


async def seed(db: AsyncConnection, ticket: str) -> str | None:
    """Return the seed of a complaint's code, to show the code to a viewer who submitted or renewed it."""
    value: str | None = await db.scalar(select(_SEED).where(complaints.c.ticket == ticket))
    return value


async def active_seed(db: AsyncConnection, ticket: str) -> str | None:
    """Return the seed of a complaint's code, to verify a code; None if the code is void."""
    value: str | None = await db.scalar(select(_SEED).where(complaints.c.ticket == ticket, not_(_is_revoked())))
    return value


async def active_seeds(db: AsyncConnection, tickets: Sequence[str]) -> dict[str, str]:
    """Return the seeds of the codes of complaints by ticket, without void ones; a seed changes with its code."""
    statement = select(complaints.c.ticket, _SEED).where(one_of(complaints.c.ticket)(tickets), not_(_is_revoked()))
    return {row.ticket: row[1] for row in await db.execute(statement)}


def _is_revoked() -> ColumnElement[bool]:
    """Return the condition that a client got the code, and is suspended or may not see the complaint any more."""
    client_id = func.substr(complaints.c.submitted_by, len(CLIENT) + 1)
    suspended = select(literal(1)).where(clients.c.id == client_id, clients.c.suspended_at.is_not(None))
    outside = select(literal(1)).where(outside_suspensions.c.partner == client_id)
    by_client = and_(complaints.c.submitted_by.startswith(CLIENT), complaints.c.code_renewed_at.is_(None))
    return and_(
        by_client, or_(complaints.c.secret, *(each.correlate(complaints).exists() for each in (suspended, outside)))
    )


async def renew(db: AsyncConnection, cause: Cause, viewer: Viewer, ticket: str) -> Completed | Refusal | None:
    """Renew the code, which makes the old one void; None if the viewer may not act on the complaint."""
    row = await lock_complaint(db, viewer, ticket)
    if row is None:
        return None
    role = role_of(viewer)
    if refusal := check_decision(Action.RENEW_CODE, role):
        return refusal
    # Not before the latest step, even if the clock was set back: a timeline is in order.
    now = max(datetime.now(UTC), row["updated_at"])
    renewed = None if viewer.kind is ViewerKind.PARTNER else now
    values = {"code_seed": func.gen_random_uuid(), "code_renewed_at": renewed, "updated_at": now}
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(values))
    entry = TimelineEntry(ComplaintStatus(row["status"]), now)
    await timeline.add_step(db, row["id"], Action.RENEW_CODE, entry, role, cause.actor)
    await audit.record(db, "tracking-code:renew", f"complaint:{ticket}")
    return Completed(row["id"], row["ticket"])


async def renew_all(db: AsyncConnection, client_id: str) -> int:
    """Make every code that a client got void; return how many. The desk renews them for reporters on request."""
    disclosed = complaints.c.submitted_by == f"{CLIENT}{client_id}", complaints.c.code_renewed_at.is_(None)
    done: CursorResult[Any] = await db.execute(
        update(complaints).where(*disclosed).values(code_seed=func.gen_random_uuid())
    )
    return done.rowcount
