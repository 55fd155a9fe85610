"""The entity of matters: what two sides of a pair hold under one key, with its differences and its history.

A viewer sees a matter if it may see what the matter is of: for permits it needs their scope, and both systems have to
be open to it; for a complaint it has to see the complaint in full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.enums import AgreementState
from hub.kinds import Permit
from hub.store.queries import compiled, lookup, visibility
from hub.store.queries.compiled import Inputs
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Entity, Row, Sort, one_of
from hub.store.queries.lookup import Ref, refs_table
from hub.store.queries.record_visibility import LICENSING, in_open_systems, unless_secret
from hub.store.tables import complaints, records
from hub.store.tables.agreement import agreement_events, decisions, differences, matters
from hub.store.tables.sync import deliveries
from hub.viewer import Viewer

SCOPES: Mapping[str, str] = {Permit.kind: LICENSING}
"""The scope that is required to see the matters of a pair of registers."""

_PENDING = and_(matters.c.state.in_(("DIFFERS", "ONE_SIDED")), matters.c.pending_until > func.now())
SHOWN_STATE: ColumnElement[str] = case((_PENDING, "PENDING"), else_=matters.c.state)
"""The state of a matter now: within its window, one that does not agree is pending."""


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the matters that ``viewer`` may see."""
    return and_(or_(_of_visible_permits(viewer), _of_visible_complaint(viewer)), _no_hidden_record(viewer))


def _of_visible_permits(viewer: Viewer) -> ColumnElement[bool]:
    kinds = [kind for kind, scope in SCOPES.items() if viewer.may(scope)]
    if not kinds:
        return false()
    sides = (in_open_systems(viewer, matters.c.left_system), in_open_systems(viewer, matters.c.right_system))
    return and_(matters.c.complaint_id.is_(None), one_of(matters.c.pair)(kinds), *sides)


def _of_visible_complaint(viewer: Viewer) -> ColumnElement[bool]:
    found = select(literal(1)).where(complaints.c.id == matters.c.complaint_id, visibility.fully_visible(viewer))
    return found.correlate(matters).exists()


def _no_hidden_record(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that neither side is a record that is hidden from ``viewer`` because it is secret.

    The record of a secret complaint is as visible as the complaint.
    """
    if visibility.may_know_reporters(viewer) and not viewer.agency:
        return true()
    sides = (matters.c.left_system, matters.c.left_id), (matters.c.right_system, matters.c.right_id)
    return and_(*(_not_hidden(viewer, system, id_) for system, id_ in sides))


def _not_hidden(viewer: Viewer, system: ColumnElement[str], id_: ColumnElement[str]) -> ColumnElement[bool]:
    of_secret_complaint = select(literal(1)).where(complaints.c.id == matters.c.complaint_id, complaints.c.secret)
    hidden = select(literal(1)).where(
        records.c.system == system, records.c.external_id == id_, records.c.secret, not_(unless_secret(viewer))
    )
    return or_(
        not_(hidden.correlate(matters).exists()),
        and_(matters.c.complaint_id.is_not(None), of_secret_complaint.correlate(matters).exists()),
    )


def _differs_on(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(literal(1)).where(differences.c.matter_id == matters.c.id, condition)
    return found.correlate(matters).exists()


def _with_cause(causes: Sequence[str]) -> ColumnElement[bool]:
    return or_(one_of(matters.c.cause)(causes), _differs_on(one_of(differences.c.cause)(causes)))


def _of_system(names: Sequence[str]) -> ColumnElement[bool]:
    return or_(one_of(matters.c.left_system)(names), one_of(matters.c.right_system)(names))


def _ignored(value: bool) -> ColumnElement[bool]:
    ignored = func.coalesce(matters.c.ignored_until > func.now(), false())
    return ignored if value else not_(ignored)


def _is_blocked() -> ColumnElement[bool]:
    """Return the condition that what has to be sent is blocked: a decision, or a delivery of the complaint."""
    of_complaint = deliveries.c.complaint_id == matters.c.complaint_id, deliveries.c.system == matters.c.right_system
    decision = select(literal(1)).where(decisions.c.matter_id == matters.c.id, decisions.c.state == "BLOCKED")
    delivery = select(literal(1)).where(*of_complaint, deliveries.c.state == "BLOCKED")
    open_ = matters.c.state != AgreementState.AGREED.value
    return and_(open_, or_(decision.correlate(matters).exists(), delivery.correlate(matters).exists()))


_WAITING = ("WAITING", "SENDING")
_NEXT_AT = func.coalesce(
    select(decisions.c.due_at)
    .where(decisions.c.matter_id == matters.c.id, decisions.c.state.in_(_WAITING))
    .correlate(matters)
    .scalar_subquery(),
    select(func.min(deliveries.c.due_at))
    .where(
        deliveries.c.complaint_id == matters.c.complaint_id,
        deliveries.c.system == matters.c.right_system,
        deliveries.c.state.in_(_WAITING),
    )
    .correlate(matters)
    .scalar_subquery(),
)

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "ids": one_of(matters.c.id),
    "pair": one_of(matters.c.pair),
    "field": lambda names: _differs_on(one_of(differences.c.field)(names)),
    "cause": _with_cause,
    "state": one_of(SHOWN_STATE),
    "agency": one_of(matters.c.agency_code),
    "area": one_of(matters.c.area_code),
    "sector": one_of(matters.c.sector),
    "authority": one_of(matters.c.authority),
    "older_than": lambda at: matters.c.since < at,
    "system": _of_system,
    "ignored": _ignored,
    "blocked": lambda value: _is_blocked() if value else not_(_is_blocked()),
    "open": lambda value: matters.c.state != AgreementState.AGREED.value,
}

MATTER = Entity(
    name="Agreement",
    table=matters,
    id=matters.c.id,
    system=literal(HUB, String),
    ref=cast(matters.c.id, Text),
    base=true(),
    visible=visible,
    orders={
        "SINCE_ASC": Sort(matters.c.since, matters.c.id, descending=False),
        "SINCE_DESC": Sort(matters.c.since, matters.c.id),
    },
    filters=_FILTERS,
    extra=(SHOWN_STATE.label("shown_state"), _NEXT_AT.label("next_at")),
)

_LEAST_FIRST = tuple(
    state.value
    for state in (
        AgreementState.DIFFERS,
        AgreementState.UNKNOWN,
        AgreementState.ONE_SIDED,
        AgreementState.PENDING,
        AgreementState.AGREED,
    )
)


async def of_sides(db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref]) -> Mapping[Ref, Row]:
    """Return the matters of records or complaints (``hub`` and the ticket); of several, the least agreed one."""

    def build(inputs: Inputs) -> Any:
        template, requested = compiled.viewer_with(viewer, inputs), refs_table(lookup.refs_of(inputs))
        sides = (matters.c.left_system, matters.c.left_id), (matters.c.right_system, matters.c.right_id)
        return union_all(*(_of_side(template, requested, system, id_) for system, id_ in sides))

    inputs = compiled.inputs_of(viewer) | lookup.ref_inputs(refs)
    rows = await compiled.fetch(db, ("agreement", compiled.kind_of(viewer)), inputs, build)
    found: dict[Ref, Row] = {}
    for row in sorted(rows, key=lambda row: (_LEAST_FIRST.index(row["shown_state"]), row["since"], row["_id"])):
        found.setdefault((row["_of_system"], row["_of_ref"]), row)
    return found


def _of_side(viewer: Viewer, requested: Any, system: ColumnElement[str], id_: ColumnElement[str]) -> Select[Any]:
    of = requested.c.system.label("_of_system"), requested.c.ref.label("_of_ref")
    rows = select(*MATTER.columns(viewer), *of).select_from(requested.join(matters, true()))
    return rows.where(system == requested.c.system, id_ == requested.c.ref, MATTER.allowed(viewer))


async def list_differences(db: AsyncConnection, viewer: Viewer, ids: Sequence[int]) -> Mapping[int, list[Row]]:
    """Return the differences, the status first, of the matters among ``ids`` that ``viewer`` may see."""
    last = case((differences.c.field == "status", 0), else_=1)

    def build(inputs: Inputs) -> Select[Any]:
        visible = MATTER.allowed(compiled.viewer_with(viewer, inputs)), one_of(matters.c.id)(inputs["ids"])
        rows = select(*differences.c).join(matters, matters.c.id == differences.c.matter_id).where(*visible)
        return rows.order_by(differences.c.matter_id, last, differences.c.field)

    return await _by_matter(db, viewer, ("differences",), ids, build)


async def list_events(db: AsyncConnection, viewer: Viewer, ids: Sequence[int], first: int) -> Mapping[int, list[Row]]:
    """Return the last ``first`` events, the latest first, of the matters among ``ids`` that ``viewer`` may see."""

    def build(inputs: Inputs) -> Select[Any]:
        visible = MATTER.allowed(compiled.viewer_with(viewer, inputs)), one_of(matters.c.id)(inputs["ids"])
        latest = agreement_events.c.at.desc(), agreement_events.c.id.desc()
        events = select(*agreement_events.c).where(agreement_events.c.matter_id == matters.c.id)
        few = events.order_by(*latest).limit(first).correlate(matters).lateral("events")
        rows = select(*few.c).select_from(matters.join(few, true())).where(*visible)
        return rows.order_by(few.c.matter_id, few.c.at.desc(), few.c.id.desc())

    return await _by_matter(db, viewer, ("events", first), ids, build)


async def _by_matter(
    db: AsyncConnection, viewer: Viewer, name: tuple[Any, ...], ids: Sequence[int], build: Callable[[Inputs], Any]
) -> Mapping[int, list[Row]]:
    inputs = {**compiled.inputs_of(viewer), "ids": tuple(ids)}
    found: dict[int, list[Row]] = defaultdict(list)
    for row in await compiled.fetch(db, (*name, compiled.kind_of(viewer)), inputs, build):
        found[row["matter_id"]].append(row)
    return found


def events_loader(first: int) -> Callable[..., Any]:
    """Return the loader of the last ``first`` events of many matters."""
    return partial(list_events, first=first)
