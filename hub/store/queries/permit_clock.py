"""How often the clock of a permit was restarted, from the history of changes.

Applicants complain that an office can begin its time anew again and again, so each restart counts, also one that a
later status hides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, any_, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Permit, PermitClock
from hub.store.queries import compiled, lookup
from hub.store.queries.compiled import Inputs
from hub.store.queries.lookup import Ref, matches_refs, refs_table
from hub.store.queries.record_entities import PERMIT
from hub.store.tables import changes, records
from hub.viewer import Viewer


async def restarts(db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref]) -> Mapping[Ref, int]:
    """Return the number of restarts of the permits among ``refs`` that ``viewer`` sees; others are missing."""
    inputs = compiled.inputs_of(viewer) | lookup.ref_inputs(refs)
    rows = await compiled.fetch(db, ("clock restarts", compiled.kind_of(viewer)), inputs, partial(_statement, viewer))
    return {(row["system"], row["external_id"]): row["n"] for row in rows}


def _statement(viewer: Viewer, inputs: Inputs) -> Select[Any]:
    requested = refs_table(lookup.refs_of(inputs))
    of_permit = (
        changes.c.system == records.c.system,
        changes.c.kind == Permit.kind,
        changes.c.subject == records.c.external_id,
    )
    restarted = (
        changes.c.after["clock"].astext == PermitClock.RESTARTED.value,
        # The first change of a record names no fields; one that only shows it again does not name this one.
        or_(changes.c.before.is_(None), literal("clock") == any_(changes.c.fields)),
    )
    counted = select(func.count().label("n")).where(*of_permit, *restarted).correlate(records).lateral("counted")
    return (
        select(records.c.system, records.c.external_id, counted.c.n)
        .select_from(requested.join(records, true()).join(counted, true()))
        .where(PERMIT.allowed(compiled.viewer_with(viewer, inputs)), matches_refs(PERMIT, requested))
    )
