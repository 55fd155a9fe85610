"""Who may see which complaint, and how much of it (design decision 7).

The public sees the verified ones that are not secret, and of those what tells nothing of the
reporter. Whoever handles a complaint, or submitted it, sees all of it; but of a secret one the
partner that brought it is told no more than that it is there, where it stands and since when.
What a viewer is not told of a row is null in the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, false, literal, not_, or_, true

from hub.store.tables import complaints
from hub.viewer import Viewer, ViewerKind

NOT_PUBLIC = ("RECEIVED", "REJECTED")
"""Statuses the public never sees; nor any complaint that was not verified yet."""

READ, PII = "complaints:read", "complaints:pii"
SYNC = "records:sync."
"""Begins the scope to sync the records of the system it goes on with."""


class Depth(IntEnum):
    """How much of a row a viewer is told."""

    BARE = 0
    """Ticket, status and times."""
    PUBLIC = 1
    FULL = 2


_FULL_ONLY = ("channel", "class", "inspection", "text", "anonymous", "rating", "attachments")
_NOT_BARE = ("title", "category", "area_code", "agency_code", "latitude", "longitude")
_NEVER_BUT_FULL = ("reporter_id", "submitted_by", "citizen_id")
_KILOMETRE = 2
"""Decimals of a degree that tell a place to about a kilometre."""


def handles(viewer: Viewer) -> bool:
    """Whether the viewer works on complaints, and so sees those of its office rather than those of the public."""
    return viewer.kind is ViewerKind.WORKER or (viewer.kind is ViewerKind.OFFICER and viewer.may(READ))


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Which complaints there are for ``viewer`` at all."""
    if handles(viewer):
        return in_full(viewer)
    return or_(for_everybody(), in_full(viewer), _brought(viewer))


def for_everybody() -> ColumnElement[bool]:
    """The complaints the public sees."""
    return and_(
        not_(complaints.c.secret), complaints.c.status.not_in(NOT_PUBLIC), complaints.c.verified_at.is_not(None)
    )


def in_public(viewer: Viewer) -> ColumnElement[bool]:
    """The complaints of which ``viewer`` is told at least what the public could be."""
    return in_full(viewer) if handles(viewer) else or_(for_everybody(), in_full(viewer))


def in_full(viewer: Viewer) -> ColumnElement[bool]:
    """The complaints of which ``viewer`` is told everything but who the reporter is; it may act on these alone."""
    if not viewer.may(READ):
        return false()
    match viewer.kind:
        case ViewerKind.WORKER:
            return true()
        case ViewerKind.OFFICER:
            mine = complaints.c.agency_code == viewer.agency if viewer.agency else true()
            return mine if viewer.may(PII) else and_(mine, not_(complaints.c.secret))
        case ViewerKind.PARTNER:
            return and_(_brought(viewer), not_(complaints.c.secret))
        case ViewerKind.CITIZEN:
            return complaints.c.citizen_id == viewer.name
        case ViewerKind.HOLDER:
            return complaints.c.ticket == viewer.ticket
    return false()


def followed(viewer: Viewer) -> ColumnElement[bool]:
    """The complaints of whose changes ``viewer`` is told: those it handles, submitted or brought."""
    return or_(in_full(viewer), _brought(viewer))


def _brought(viewer: Viewer) -> ColumnElement[bool]:
    """The complaints a partner submitted."""
    if viewer.kind is not ViewerKind.PARTNER or not viewer.may(READ):
        return false()
    return complaints.c.submitted_by == viewer.name


def depth(viewer: Viewer) -> ColumnElement[int]:
    """How much of each visible row ``viewer`` is told, as a ``Depth``."""
    if handles(viewer):
        return literal(int(Depth.FULL), Integer)
    return case((in_full(viewer), int(Depth.FULL)), (for_everybody(), int(Depth.PUBLIC)), else_=int(Depth.BARE))


def told(row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A complaint's row without what its ``_depth`` does not tell."""
    if row["_depth"] == Depth.FULL:
        return row
    hidden = (*_FULL_ONLY, *_NEVER_BUT_FULL, *(_NOT_BARE if row["_depth"] == Depth.BARE else ()))
    return {**row, **_about(row), **dict.fromkeys(hidden)}


def _about(row: Mapping[Any, Any]) -> Mapping[str, float]:
    """The place to about a kilometre, where there is one."""
    return {name: round(row[name], _KILOMETRE) for name in ("latitude", "longitude") if row[name] is not None}


def may_know_reporters(viewer: Viewer) -> bool:
    """Whether a reporter's identity is ever for ``viewer``: for those who handle complaints, with their scope."""
    return viewer.kind in (ViewerKind.WORKER, ViewerKind.OFFICER) and viewer.may(PII)


def may_see_reads(viewer: Viewer) -> bool:
    """Whether ``viewer`` may see who read a reporter's identity: the reporter, and the complaint desk."""
    if viewer.kind in (ViewerKind.HOLDER, ViewerKind.CITIZEN):
        return True
    return may_know_reporters(viewer) and viewer.agency is None
