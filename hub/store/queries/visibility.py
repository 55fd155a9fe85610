"""The visibility of complaints: which rows a viewer sees, and in which detail (decision 0004).

The rule is a condition in every statement and not a check of its result: a row that a viewer may not see is not in a
list, a link, a count, an aggregate or the feed, and a page is not shorter because of hidden rows. The three details
are:

- ``FULL``: everything but the reporter, for officers who handle the complaint and for those who submitted it;
- ``PUBLIC``: verified complaints that are not secret, without what could identify the reporter, for everybody;
- ``MINIMAL``: ticket, status and times, for the partner that submitted a secret complaint.

``redact`` sets what a detail does not include to null. A value that is null for a viewer must not be found by a filter
or a link either: the guards of ``hub.store.queries.entity`` hold that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, false, literal, not_, or_, true

from hub.complaints.masking import mask
from hub.store.tables import complaints
from hub.viewer import Viewer, ViewerKind

NOT_PUBLIC = ("RECEIVED", "REJECTED")
"""Statuses that are never public. A complaint that was not verified yet is not public either."""

READ, PII = "complaints:read", "complaints:pii"
SYNC = "records:sync."
"""The prefix of the scope to sync the records of a system; the name of the system follows."""


class Detail(IntEnum):
    """How much of a row a viewer sees."""

    MINIMAL = 0
    """Ticket, status and times."""
    PUBLIC = 1
    FULL = 2


_HIDDEN_UNLESS_FULL = ("channel", "class", "inspection", "text", "anonymous", "rating", "attachments")
_HIDDEN_WHEN_MINIMAL = ("title", "category", "area_code", "agency_code", "latitude", "longitude")
INTERNAL = ("reporter_id", "submitted_by", "citizen_id", "code_seed", "code_renewed_at")
"""Columns for conditions and for other statements; no row of an entity has them."""
_PUBLIC_DECIMALS = 2
"""Decimals of a degree, which are a precision of about a kilometre."""


def handles_complaints(viewer: Viewer) -> bool:
    """Return whether the viewer handles complaints, and so sees those of their office instead of the public ones."""
    return viewer.kind is ViewerKind.WORKER or (viewer.kind is ViewerKind.OFFICER and viewer.may(READ))


def has_no_own(viewer: Viewer) -> bool:
    """Return whether ``viewer`` sees no complaint because of who submitted it or whose it is."""
    return viewer.kind not in (ViewerKind.PARTNER, ViewerKind.CITIZEN, ViewerKind.HOLDER) or not viewer.may(READ)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that exist for ``viewer``."""
    if handles_complaints(viewer):
        return fully_visible(viewer)
    return or_(public(), fully_visible(viewer), _submitted_by(viewer))


def public() -> ColumnElement[bool]:
    """Return the condition for the public complaints."""
    return and_(
        not_(complaints.c.secret), complaints.c.status.not_in(NOT_PUBLIC), complaints.c.verified_at.is_not(None)
    )


def publicly_visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that ``viewer`` sees at least in the detail ``PUBLIC``."""
    return fully_visible(viewer) if handles_complaints(viewer) else or_(public(), fully_visible(viewer))


def fully_visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that ``viewer`` sees in full, which are those it may act on."""
    if not viewer.may(READ):
        return false()
    match viewer.kind:
        case ViewerKind.WORKER:
            return true()
        case ViewerKind.OFFICER:
            mine = complaints.c.agency_code == viewer.agency if viewer.agency else true()
            return mine if viewer.may(PII) else and_(mine, not_(complaints.c.secret))
        case ViewerKind.PARTNER:
            return and_(_submitted_by(viewer), not_(complaints.c.secret))
        case ViewerKind.CITIZEN:
            return complaints.c.citizen_id == viewer.name
        case ViewerKind.HOLDER:
            return complaints.c.ticket == viewer.ticket
    return false()


def at_complaint_desk(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that ``viewer`` handles at the complaint desk."""
    desk = handles_complaints(viewer) and not viewer.agency
    return fully_visible(viewer) if desk else false()


def followable(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints whose changes ``viewer`` sees: those it handles or submitted."""
    return or_(fully_visible(viewer), _submitted_by(viewer))


def party(viewer: Viewer) -> str | None:
    """Return the submitter, reporter or ticket that every complaint has which is ``followable`` for ``viewer``.

    None if it may follow complaints of others, as officers do.
    """
    match viewer.kind:
        case ViewerKind.WORKER | ViewerKind.OFFICER:
            return None
        case ViewerKind.HOLDER:
            return viewer.ticket or ""
    return viewer.name


LEAST_DETAIL: Mapping[Callable[[Viewer], ColumnElement[bool]], int] = {
    publicly_visible: int(Detail.PUBLIC),
    fully_visible: int(Detail.FULL),
}
"""The least ``detail`` of the rows that a condition allows: it allows every visible row of that detail or more."""


def _submitted_by(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the complaints that a partner submitted."""
    if viewer.kind is not ViewerKind.PARTNER or not viewer.may(READ):
        return false()
    return complaints.c.submitted_by == viewer.name


def detail(viewer: Viewer) -> ColumnElement[int]:
    """Return the ``Detail`` in which ``viewer`` sees each visible row."""
    if handles_complaints(viewer):
        return literal(int(Detail.FULL), Integer)
    return case((fully_visible(viewer), int(Detail.FULL)), (public(), int(Detail.PUBLIC)), else_=int(Detail.MINIMAL))


def redact(row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a complaint's row without what its ``_detail`` does not include."""
    if row["_detail"] == Detail.FULL:
        return row
    hidden = (*_HIDDEN_UNLESS_FULL, *(_HIDDEN_WHEN_MINIMAL if row["_detail"] == Detail.MINIMAL else ()))
    return {**row, **_rounded_location(row), "title": mask(row["title"]), **dict.fromkeys(hidden)}


def _rounded_location(row: Mapping[Any, Any]) -> Mapping[str, float]:
    """Return the location rounded to about a kilometre; empty without one."""
    return {name: round(row[name], _PUBLIC_DECIMALS) for name in ("latitude", "longitude") if row[name] is not None}


def may_know_reporters(viewer: Viewer) -> bool:
    """Return whether ``viewer`` may know reporters of complaints it sees: officers with the scope, and workers."""
    return viewer.kind in (ViewerKind.WORKER, ViewerKind.OFFICER) and viewer.may(PII)


def may_see_access_log(viewer: Viewer) -> bool:
    """Return whether ``viewer`` may see who read a reporter's identity: the reporter, and the complaint desk."""
    if viewer.kind in (ViewerKind.HOLDER, ViewerKind.CITIZEN):
        return True
    return may_know_reporters(viewer) and viewer.agency is None
