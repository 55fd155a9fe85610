"""The public facts of a permit, by one of its numbers, whoever the viewer is: nothing of its business or its applicant.

Only registers that declare themselves as one side of a pair show them. Of two registers, the one that decides does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Permit
from hub.store.queries import compiled
from hub.store.queries.agreement_entity import SHOWN_STATE
from hub.store.queries.compiled import Inputs
from hub.store.queries.entity import Row, one_of
from hub.store.queries.lookup import is_storable_text
from hub.store.queries.record_entities import PERMIT
from hub.store.queries.record_visibility import fact
from hub.store.tables import record_keys, records, systems
from hub.store.tables.agreement import matters
from hub.viewer import Viewer

_FACTS = ("type_code", "type_name", "sector", "authority", "agency_code", "area_code", "issued_on", "valid_until")


async def by_number(db: AsyncConnection, viewer: Viewer, numbers: Sequence[str]) -> Mapping[str, Row]:
    """Return the facts of the permits with these numbers; ``agreed`` is None if no other register could have one."""
    inputs = {"numbers": tuple(filter(is_storable_text, numbers))}
    found: dict[str, Row] = {}
    for row in await compiled.fetch(db, ("permit facts",), inputs, _statement):
        found.setdefault(row["number"], row)
    return found


def _statement(inputs: Inputs) -> Select[Any]:
    left = and_(matters.c.left_system == records.c.system, matters.c.left_id == records.c.external_id)
    right = and_(matters.c.right_system == records.c.system, matters.c.right_id == records.c.external_id)
    side = case((left, "LEFT"), else_="RIGHT")
    decides = case((matters.c.decider == side, 0), else_=1)
    matter = (
        select((SHOWN_STATE == "AGREED").label("agreed"), decides.label("rank"))
        .where(matters.c.pair == Permit.kind, or_(left, right))
        .order_by(matters.c.state == "AGREED", matters.c.id)
        .limit(1)
        .correlate(records)
        .lateral("matter")
    )
    named = and_(record_keys.c.kind == Permit.kind, record_keys.c.name == "permit")
    owner = and_(record_keys.c.system == records.c.system, record_keys.c.record_id == records.c.id)
    register = and_(systems.c.name == records.c.system, systems.c.enabled, systems.c.register.is_not(None))
    number = record_keys.c.value.label("number")
    shown = records.c.status, records.c.occurred_at, *PERMIT.extra, *(fact(name).label(name) for name in _FACTS)
    return (
        select(number, matter.c.agreed, *shown)
        .select_from(record_keys.join(records, owner).join(systems, register).outerjoin(matter, true()))
        .where(named, one_of(record_keys.c.value)(inputs["numbers"]), PERMIT.base, not_(records.c.secret))
        .order_by(matter.c.rank.asc().nulls_last(), records.c.occurred_at.desc(), records.c.id)
    )
