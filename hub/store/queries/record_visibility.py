"""The visibility of records of other systems, and of what a complaint discloses about its records (decision 0004)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, and_, any_, false, func, literal_column, not_, or_, select, true

from hub.store.arrays import any_of
from hub.store.queries import visibility
from hub.store.queries.entity import one_of
from hub.store.tables import complaints, records, systems
from hub.store.tables.sync import claims, counterparts, shared_fields
from hub.viewer import OFFICERS, PUBLIC, Viewer, ViewerKind

PAYMENTS = "payments:read"
"""The scope of payments."""
LICENSING = "licensing:read"
"""The scope of businesses and their permits."""


def fact(name: str) -> ColumnElement[str]:
    """Return the expression of a fact in a record's body, in the form of the partitions' indexes."""
    assert name.isidentifier()
    return literal_column(f"(records.body ->> '{name}')", String)


def unless_secret(viewer: Viewer, secret: ColumnElement[bool] = records.c.secret) -> ColumnElement[bool]:
    """Return the condition for records that are not secret, or that ``viewer`` may see although they are.

    Viewers who may know reporters see secret records; an agency's officers only those that the agency must answer.
    """
    if not visibility.may_know_reporters(viewer):
        return not_(secret)
    return or_(not_(secret), fact("agency_code") == viewer.agency) if viewer.agency else true()


def may_see_payments(viewer: Viewer) -> bool:
    """Return whether ``viewer`` may see any payment."""
    if not viewer.may(PAYMENTS):
        return False
    if viewer.kind is ViewerKind.PARTNER:
        return bool(viewer.merchants or _synced(viewer))
    return viewer.kind in (ViewerKind.WORKER, ViewerKind.OFFICER)


def _synced(viewer: Viewer) -> list[str]:
    """Return the systems whose records ``viewer`` may sync."""
    return sorted(scope.removeprefix(visibility.SYNC) for scope in viewer.scopes if scope.startswith(visibility.SYNC))


def visible_payments(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the payments that ``viewer`` may see.

    Officers see all. A partner sees those to its own merchants, and those of systems whose records it may sync. Nobody
    else sees any, because a reference can be guessed.
    """
    if not may_see_payments(viewer):
        return false()
    if viewer.kind is not ViewerKind.PARTNER:
        return true()
    own = (fact("merchant"), sorted(viewer.merchants)), (records.c.system, _synced(viewer))
    return or_(*(one_of(column)(values) for column, values in own if values))


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the records that exist for ``viewer``, whatever their kind."""
    return and_(_of_open_systems(viewer), unless_secret(viewer))


def _of_open_systems(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for records of systems that are visible to ``viewer``."""
    return in_open_systems(viewer, records.c.system)


def in_open_systems(viewer: Viewer, system: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that ``system`` names a system whose records are visible to ``viewer``.

    A system's own clients see it as well.

    The names are an array that is computed once for each statement, so that partitions of other systems are skipped.
    """
    if viewer.kind is ViewerKind.WORKER:
        return true()
    officer = [OFFICERS] if viewer.kind is ViewerKind.OFFICER else []
    declared = systems.alias("declared")
    visible_systems = or_(
        any_of(declared.c.visible_to, [PUBLIC, *officer, *sorted(viewer.scopes)]),
        any_of(declared.c.name, _synced(viewer)),
    )
    names = select(declared.c.name).where(visible_systems).correlate(None).scalar_subquery()
    return system == any_(func.array(names))


def visible_shared_fields(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for shared fields, except those that disclose a secret record of a public complaint."""
    of = records.c.system == counterparts.c.system, records.c.external_id == counterparts.c.external_id
    mine = counterparts.c.system == shared_fields.c.system, counterparts.c.complaint_id == shared_fields.c.complaint_id
    hidden = records.c.secret, not_(complaints.c.secret), not_(unless_secret(viewer))
    found = select(1).select_from(counterparts.join(records, and_(*of))).where(*mine, *hidden)
    return not_(found.correlate(shared_fields, complaints).exists())


def has_conflict(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that the complaint has a visible conflict that waits for a decision."""
    waiting = shared_fields.c.complaint_id == complaints.c.id, shared_fields.c.conflict_since.is_not(None)
    return (
        select(1)
        .select_from(shared_fields)
        .where(*waiting, visible_shared_fields(viewer))
        .correlate(complaints)
        .exists()
    )


def unlinked() -> ColumnElement[bool]:
    """Return the condition for the claims of records that are not linked."""
    same = counterparts.c.system == claims.c.system, counterparts.c.external_id == claims.c.external_id
    return not_(select(1).select_from(counterparts).where(*same).correlate(claims).exists())


def has_claim(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that the complaint has an open claim of a report that ``viewer`` may see."""
    of = records.c.system == claims.c.system, records.c.external_id == claims.c.external_id
    shown = records.c.kind == "report", records.c.gone_at.is_(None), visible(viewer)
    open_ = claims.c.complaint_id == complaints.c.id, claims.c.dismissed_at.is_(None), unlinked()
    found = select(1).select_from(claims.join(records, and_(*of))).where(*open_, *shown)
    return found.correlate(complaints).exists()
