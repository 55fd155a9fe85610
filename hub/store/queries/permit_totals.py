"""How many permits there are and how often their clocks were restarted, by group.

Of a permit that two registers share, the record of the one that decides counts. Small groups are suppressed for the
public.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, false, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Permit
from hub.store.queries.aggregates import small_groups
from hub.store.queries.permit_clock import IS_RESTART
from hub.store.queries.record_entities import PERMIT
from hub.store.queries.record_visibility import LICENSING, fact, in_open_systems
from hub.store.tables import agencies, areas, changes, records, systems
from hub.store.tables.agreement import matters
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitTotal:
    """The permits of one group; all figures are None if it is suppressed. ``restarted``: those with a restart."""

    key: str | None
    name: str | None = None
    permits: int | None = None
    restarted: int | None = None
    restarts: int | None = None


InSystems = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Makes the condition that a system is one of those whose permits are counted."""

_NAMES: Mapping[str, Any] = {"agency_code": agencies, "area_code": areas}


async def totals(db: AsyncConnection, viewer: Viewer, by: str) -> list[PermitTotal]:
    """Return the totals by the fact ``by``, in the order of its values.

    Viewers without the scope of permits get the totals of all that are not secret, without small groups.
    """
    public = not viewer.may(LICENSING)
    visible = _public() if public else PERMIT.allowed(viewer)
    counted = await _counts(db, by, visible, _of_registers if public else lambda name: in_open_systems(viewer, name))
    names = await _names(db, by)
    hidden = small_groups({key: row["permits"] for key, row in counted.items()}) if public else set()
    return [PermitTotal(key=key, name=names.get(key), **({} if key in hidden else row)) for key, row in counted.items()]


def _of_registers(system: ColumnElement[str]) -> ColumnElement[bool]:
    register = systems.alias("register")
    names = select(register.c.name).where(register.c.enabled, register.c.register.is_not(None)).correlate(None)
    return system == any_(func.array(names.scalar_subquery()))


def _public() -> ColumnElement[bool]:
    return and_(PERMIT.base, _of_registers(records.c.system), not_(records.c.secret))


def _follows_another(in_systems: InSystems) -> ColumnElement[bool]:
    """Return the condition that another register has the permit of ``records``, and decides it.

    Of one that nobody decides, the left record counts.
    """
    left, right = (matters.c.left_system, matters.c.left_id), (matters.c.right_system, matters.c.right_id)
    right_decides = func.coalesce(matters.c.decider == "RIGHT", false())
    found = []
    for mine, other, follows in ((left, right, right_decides), (right, left, not_(right_decides))):
        same = mine[0] == records.c.system, mine[1] == records.c.external_id
        shared = matters.c.pair == Permit.kind, other[1].is_not(None), in_systems(other[0])
        found.append(select(literal(1)).where(*same, *shared, follows).correlate(records).exists())
    return or_(*found)


async def _counts(
    db: AsyncConnection, by: str, visible: ColumnElement[bool], in_systems: InSystems
) -> dict[str | None, dict[str, int]]:
    restarts = (
        select(changes.c.system, changes.c.subject, func.count().label("n"))
        .where(in_systems(changes.c.system), changes.c.kind == Permit.kind, *IS_RESTART)
        .group_by(changes.c.system, changes.c.subject)
        .subquery("restarts")
    )
    same = and_(restarts.c.system == records.c.system, restarts.c.subject == records.c.external_id)
    key = fact(by)
    statement = (
        select(
            key.label("key"),
            func.count().label("permits"),
            func.count(restarts.c.n).label("restarted"),
            func.coalesce(func.sum(restarts.c.n), 0).label("restarts"),
        )
        .select_from(records.outerjoin(restarts, same))
        .where(visible, not_(_follows_another(in_systems)))
        .group_by(key)
        .order_by(key)
    )
    rows = (await db.execute(statement)).mappings()
    return {row["key"]: {name: int(row[name]) for name in ("permits", "restarted", "restarts")} for row in rows}


async def _names(db: AsyncConnection, by: str) -> dict[str | None, str]:
    table = _NAMES.get(by)
    return {} if table is None else {row.code: row.name for row in await db.execute(select(table.c.code, table.c.name))}
