"""How many complaints were answered and how long it took. Small groups are suppressed for the public.

A complaint counts in the month in which it was received. The time is that from its receipt to its final answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Double, and_, cast, func, literal, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import visibility
from hub.store.queries.aggregates import MIN_PUBLIC_GROUP_SIZE, suppressed_cells
from hub.store.queries.complaint_cells import COMPLAINT_GROUPS, countable_complaints
from hub.store.queries.entities import is_overdue
from hub.store.tables import agencies, areas, complaints
from hub.viewer import Viewer

_NAMES: Mapping[str, Any] = {"agency": agencies, "area": areas}
_SHARES = cast(literal([0.5, 0.9]), ARRAY(Double))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """Figures of some complaints; all are None if they are suppressed.

    ``due``: answered, or their deadline has passed; ``in_time``: answered before the deadline. The times are
    in seconds, None if too few were answered.
    """

    received: int | None = None
    answered: int | None = None
    due: int | None = None
    in_time: int | None = None
    median_seconds: float | None = None
    p90_seconds: float | None = None


SUPPRESSED = AnswerFigures()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTotal:
    """The figures of one group: of all its months that are not suppressed, and of each month.

    ``names`` are its Indonesian and its English name, if it is a row of a table.
    """

    key: str | None
    names: tuple[str, str] | None
    figures: AnswerFigures
    months: Mapping[str, AnswerFigures]


async def totals(
    db: AsyncConnection, viewer: Viewer, by: str, keys: Collection[str] | None, start: datetime, end: datetime
) -> list[AnswerTotal]:
    """Return the totals of the groups ``keys``, or of all, of complaints received from ``start`` to before ``end``.

    What is suppressed does not depend on ``keys``: otherwise two requests would disclose more than one.
    """
    where = and_(countable_complaints(viewer), complaints.c.received_at >= start, complaints.c.received_at < end)
    public = not visibility.handles_complaints(viewer)
    cells = await _cells(db, by, where)
    hidden = (
        suppressed_cells([(key, month, row["received"]) for (key, month), row in cells.items()]) if public else set()
    )
    wanted = {key for key, _ in cells if keys is None or key in keys}
    sums = await _sums(db, by, where, hidden)
    names = await _names(db, by)
    return [
        AnswerTotal(
            key=key,
            names=names.get(key),
            figures=_figures(sums.get(key), public=public),
            months={
                month: SUPPRESSED if (group, month) in hidden else _figures(row, public=public)
                for (group, month), row in cells.items()
                if group == key
            },
        )
        for key in dict.fromkeys(key for key, _ in cells)
        if key in wanted
    ]


def _measures() -> Sequence[ColumnElement[Any]]:
    taken = func.extract("epoch", complaints.c.answered_at - complaints.c.received_at)
    answered = complaints.c.answered_at.is_not(None)
    return (
        func.count().label("received"),
        func.count().filter(answered).label("answered"),
        func.count().filter(or_(answered, is_overdue())).label("due"),
        func.count().filter(complaints.c.answered_at <= complaints.c.due_at).label("in_time"),
        func.percentile_cont(_SHARES).within_group(cast(taken, Double)).label("seconds"),
    )


async def _cells(
    db: AsyncConnection, by: str, where: ColumnElement[bool]
) -> dict[tuple[str | None, str], Mapping[Any, Any]]:
    """Return the measures by group and month, in the order of the groups."""
    key, month = COMPLAINT_GROUPS[by], COMPLAINT_GROUPS["month"]
    statement = (
        select(key.label("key"), month.label("month"), *_measures())
        .where(where)
        .group_by(key, month)
        .order_by(key, month)
    )
    return {(row["key"], row["month"]): row for row in (await db.execute(statement)).mappings()}


async def _sums(
    db: AsyncConnection, by: str, where: ColumnElement[bool], hidden: Collection[tuple[str | None, str]]
) -> dict[str | None, Mapping[Any, Any]]:
    """Return the measures by group, of the months that are not hidden."""
    key, month = COMPLAINT_GROUPS[by], COMPLAINT_GROUPS["month"]
    # A group without a key would never be found in a list.
    cell = tuple_(func.coalesce(key, ""), month)
    shown = cell.not_in([(name or "", at) for name, at in hidden]) if hidden else true()
    statement = select(key.label("key"), *_measures()).where(where, shown).group_by(key)
    return {row["key"]: row for row in (await db.execute(statement)).mappings()}


async def _names(db: AsyncConnection, by: str) -> dict[str | None, tuple[str, str]]:
    table = _NAMES.get(by)
    if table is None:
        return {}
    rows = await db.execute(select(table.c.code, table.c.name, table.c.name_en))
    return {row.code: (row.name, row.name_en) for row in rows}


def _figures(row: Mapping[Any, Any] | None, *, public: bool) -> AnswerFigures:
    if row is None:
        return SUPPRESSED
    figures = AnswerFigures(received=row["received"], answered=row["answered"], due=row["due"], in_time=row["in_time"])
    if not row["answered"] or (public and row["answered"] < MIN_PUBLIC_GROUP_SIZE):
        return figures
    median, p90 = row["seconds"]
    return replace(figures, median_seconds=median, p90_seconds=p90)
