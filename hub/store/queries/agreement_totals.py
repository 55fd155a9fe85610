"""How many matters agree, by group, and how long it takes until they do. Small groups are suppressed for the public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, not_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.enums import AgreementState
from hub.store.queries import visibility
from hub.store.queries.aggregates import MIN_PUBLIC_GROUP_SIZE, small_groups
from hub.store.queries.agreement_entity import MATTER, SCOPES
from hub.store.queries.entity import one_of
from hub.store.tables import agencies, areas, complaints, records
from hub.store.tables.agreement import agreement_events, differences, matters
from hub.viewer import Viewer

DAYS = 90
"""How many days a total by day covers."""
SECONDS_DAYS = 30
"""How many days the times until agreement cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTotal:
    """The matters of one group; all figures are None if it is suppressed. ``oldest``: since when one does not agree."""

    key: str | None
    name: str | None = None
    matters: int | None = None
    agreed: int | None = None
    median_seconds: float | None = None
    p95_seconds: float | None = None
    oldest: datetime | None = None


_AGREED = matters.c.state == AgreementState.AGREED.value
_DAY = func.to_char(func.timezone(literal_column("'Asia/Jakarta'"), matters.c.since), literal_column("'YYYY-MM-DD'"))
# A matter counts for a field on which it differs or differed, and so for a cause.
_FIELDS = union(
    select(differences.c.matter_id, differences.c.field.label("key")),
    select(agreement_events.c.matter_id, func.unnest(agreement_events.c.fields).label("key")),
).subquery("fields_of")
_CAUSES = union(
    select(differences.c.matter_id, differences.c.cause.label("key")),
    select(matters.c.id.label("matter_id"), matters.c.cause.label("key")).where(matters.c.cause.is_not(None)),
    select(agreement_events.c.matter_id, agreement_events.c.cause.label("key")).where(
        agreement_events.c.cause.is_not(None)
    ),
).subquery("causes_of")
_BY: Mapping[str, ColumnElement[Any]] = {
    "pair": matters.c.pair,
    "field": _FIELDS.c.key,
    "cause": _CAUSES.c.key,
    "agency": matters.c.agency_code,
    "area": matters.c.area_code,
    "day": _DAY,
}
_SOURCES: Mapping[str, Any] = {
    "field": matters.join(_FIELDS, _FIELDS.c.matter_id == matters.c.id),
    "cause": matters.join(_CAUSES, _CAUSES.c.matter_id == matters.c.id),
}
_NAMES: Mapping[str, Any] = {"agency": agencies, "area": areas}


async def totals(db: AsyncConnection, viewer: Viewer, by: str) -> list[AgreementTotal]:
    """Return the totals by group, in the order of the keys.

    Viewers without the scope of what is counted get the totals of public matters, without small groups.
    """
    public = not may_count(viewer)
    where = [_public() if public else MATTER.allowed(viewer)]
    if by == "day":
        where.append(matters.c.since >= func.now() - literal_column(f"interval '{DAYS} days'"))
    counted = await _counts(db, by, and_(*where))
    seconds = await _seconds(db, by, and_(*where))
    names = await _names(db, by)
    hidden = small_groups({key: row["n"] for key, row in counted.items()}) if public else set()
    return [
        AgreementTotal(key=key, name=names.get(key))
        if key in hidden
        else _total(key, names.get(key), row, seconds.get(key), public=public)
        for key, row in counted.items()
    ]


def may_count(viewer: Viewer) -> bool:
    """Return whether ``viewer`` gets the totals of all matters that it may see, instead of those of public ones."""
    return visibility.handles_complaints(viewer) or any(viewer.may(scope) for scope in SCOPES.values())


def _public() -> ColumnElement[bool]:
    """Return the condition for the matters of permits and of public complaints that no secret record belongs to."""
    complaint = select(literal(1)).where(complaints.c.id == matters.c.complaint_id, visibility.public())
    sides = (matters.c.left_system, matters.c.left_id), (matters.c.right_system, matters.c.right_id)
    secret = (
        select(literal(1)).where(records.c.system == system, records.c.external_id == id_, records.c.secret)
        for system, id_ in sides
    )
    permits = and_(matters.c.complaint_id.is_(None), one_of(matters.c.pair)(list(SCOPES)))
    of_complaint = complaint.correlate(matters).exists()
    return and_(or_(permits, of_complaint), *(not_(each.correlate(matters).exists()) for each in secret))


async def _counts(db: AsyncConnection, by: str, where: ColumnElement[bool]) -> dict[str | None, Mapping[Any, Any]]:
    key = _BY[by]
    oldest = func.min(case((matters.c.state != AgreementState.AGREED.value, matters.c.since)))
    statement = (
        select(
            key.label("key"),
            func.count().label("n"),
            func.count().filter(_AGREED).label("agreed"),
            oldest.label("oldest"),
        )
        .select_from(_SOURCES.get(by, matters))
        .where(where)
        .group_by(key)
        .order_by(key)
    )
    return {row["key"]: row for row in (await db.execute(statement)).mappings()}


async def _seconds(db: AsyncConnection, by: str, where: ColumnElement[bool]) -> dict[str | None, Mapping[Any, Any]]:
    key = _BY[by]
    source = _SOURCES.get(by, matters).join(agreement_events, agreement_events.c.matter_id == matters.c.id)
    recent = agreement_events.c.at >= func.now() - literal_column(f"interval '{SECONDS_DAYS} days'")
    taken = agreement_events.c.seconds
    statement = (
        select(
            key.label("key"),
            func.count().label("n"),
            func.percentile_cont(0.5).within_group(taken).label("median"),
            func.percentile_cont(0.95).within_group(taken).label("p95"),
        )
        .select_from(source)
        .where(where, taken.is_not(None), recent)
        .group_by(key)
    )
    return {row["key"]: row for row in (await db.execute(statement)).mappings()}


async def _names(db: AsyncConnection, by: str) -> dict[str | None, str]:
    table = _NAMES.get(by)
    return {} if table is None else {row.code: row.name for row in await db.execute(select(table.c.code, table.c.name))}


def _total(
    key: str | None, name: str | None, row: Mapping[Any, Any], seconds: Mapping[Any, Any] | None, *, public: bool
) -> AgreementTotal:
    few = seconds is None or (public and seconds["n"] < MIN_PUBLIC_GROUP_SIZE)
    return AgreementTotal(
        key=key,
        name=name,
        matters=row["n"],
        agreed=row["agreed"],
        median_seconds=None if few or seconds is None else seconds["median"],
        p95_seconds=None if few or seconds is None else seconds["p95"],
        oldest=row["oldest"],
    )
