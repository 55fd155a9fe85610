"""The complaints that a viewer may act on, and the role in which they act."""

from __future__ import annotations

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.workflow import Role
from hub.store.queries import visibility
from hub.store.queries.lookup import is_storable_text
from hub.store.tables import complaints
from hub.viewer import Viewer, ViewerKind


def role_of(viewer: Viewer) -> Role:
    """Return the role of a viewer: an officer acts for the desk or an agency, anybody else for the reporter."""
    if viewer.kind is ViewerKind.OFFICER and viewer.agency:
        return Role.AGENCY
    return Role.DESK if viewer.kind in (ViewerKind.OFFICER, ViewerKind.WORKER) else Role.REPORTER


async def lock_complaint(db: AsyncConnection, viewer: Viewer, ticket: str) -> RowMapping | None:
    """Return the complaint's row, locked; None if it does not exist or the viewer may not act on it."""
    if not is_storable_text(ticket):
        return None
    statement = (
        select(complaints).where(complaints.c.ticket == ticket, visibility.fully_visible(viewer)).with_for_update()
    )
    return (await db.execute(statement)).mappings().one_or_none()
