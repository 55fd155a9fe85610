"""What the clock of a permit did, from the history of changes: restarts, and when silence approves the permit.

Applicants complain that an office can begin its time anew again and again, so each restart counts, also one that a
later status hides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Permit, PermitClock, PermitStatus
from hub.store.queries import compiled, lookup
from hub.store.queries.compiled import Inputs
from hub.store.queries.lookup import Ref, matches_refs, refs_table
from hub.store.queries.record_entities import PERMIT
from hub.store.tables import changes, records
from hub.tacit_approval import ClockEvent
from hub.viewer import Viewer


def _changed(*names: str) -> ColumnElement[bool]:
    """Return the condition for changes of these fields; the first change of a record names none."""
    named = (literal(name) == any_(changes.c.fields) for name in names)
    return or_(changes.c.before.is_(None), *named)


# A change that only shows a record again has all its fields in `after`, and names none of these.
IS_RESTART = changes.c.after["clock"].astext == PermitClock.RESTARTED.value, _changed("clock")
"""The conditions for the changes that restart a clock, as ``events`` has them."""


async def events(db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref]) -> Mapping[Ref, list[ClockEvent]]:
    """Return what the clocks of the permits among ``refs`` that ``viewer`` sees did, in order; others are missing."""
    inputs = compiled.inputs_of(viewer) | lookup.ref_inputs(refs)
    rows = await compiled.fetch(db, ("clock events", compiled.kind_of(viewer)), inputs, partial(_statement, viewer))
    changed: dict[Ref, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        changed[row["system"], row["external_id"]].append(row)
    return {ref: _events(each) for ref, each in changed.items()}


def _statement(viewer: Viewer, inputs: Inputs) -> Select[Any]:
    requested = refs_table(lookup.refs_of(inputs))
    shown = changes.c.id, changes.c.before.is_(None).label("first"), changes.c.fields
    values = (changes.c.after[name].label(name) for name in ("clock", "status", "occurred_at"))
    relevant = changes.c.after.is_not(None), _changed("clock", "status", "occurred_at")
    same = changes.c.system == records.c.system, changes.c.subject == records.c.external_id
    clock_changes = select(*shown, *values).where(changes.c.kind == Permit.kind, *same, *relevant)
    of_permit = clock_changes.correlate(records).lateral("of_permit")
    return (
        select(records.c.system, records.c.external_id, *of_permit.c)
        .select_from(requested.join(records, true()).join(of_permit, true()))
        .where(PERMIT.allowed(compiled.viewer_with(viewer, inputs)), matches_refs(PERMIT, requested))
        .order_by(of_permit.c.id)
    )


def _events(rows: Sequence[Mapping[str, Any]]) -> list[ClockEvent]:
    """Return the changes of the clock; a change has only the fields that it changes, so earlier ones fill it up."""
    found: list[ClockEvent] = []
    known: dict[str, Any] = {}
    for row in rows:
        known = {} if row["first"] else known
        known |= {name: row[name] for name in ("status", "occurred_at") if row[name] is not None}
        if row["first"] or "clock" in row["fields"]:
            clock = PermitClock(row["clock"]) if row["clock"] else None
            found.append(ClockEvent(clock, PermitStatus(known["status"]), datetime.fromisoformat(known["occurred_at"])))
    return found
