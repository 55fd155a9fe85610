"""What a person does about disagreements: planned first for each, so that a preview says what would happen.

All of one request are in one transaction, in the order of their pairs, so that two requests cannot deadlock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.acts import MAX_MATTERS, Act, DisagreementAct, check_act
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.store.database import Cause
from hub.store.queries import agreement_entity
from hub.store.queries.agreement_entity import MATTER
from hub.store.queries.entity import Row
from hub.store.tables import complaints
from hub.store.tables.agreement import decisions, matters
from hub.store.use_cases.disagreement_acts import MatterAct, Result
from hub.viewer import Viewer

Where = tuple[tuple[str, Any], ...]


async def resolve(
    db: AsyncConnection, cause: Cause, viewer: Viewer, act: Act, where: Where, *, preview: bool
) -> list[Result] | list[Problem]:
    """Do ``act`` about the disagreements that match the entity's filters ``where``; with ``preview``, only plan it."""
    if problems := check_act(act, datetime.now(UTC)):
        return problems
    rows = await _matching(db, viewer, where)
    if problem := _too_many(len(rows), act):
        return [problem]
    found = await agreement_entity.list_differences(db, viewer, [row["id"] for row in rows])
    results = []
    for row in rows:
        matter = MatterAct(db, cause, viewer, act, row, found.get(row["id"], []))
        results.append(await matter.resolve(preview=preview))
    return results


async def matching_ids(db: AsyncConnection, viewer: Viewer, where: Where) -> list[int]:
    """Return the numbers of all disagreements that match, to act on ``MAX_MATTERS`` of them at a time."""
    matching = MATTER.allowed(viewer), MATTER.where(viewer, where)
    return list(await db.scalars(select(matters.c.id).where(*matching).order_by(matters.c.id)))


async def _matching(db: AsyncConnection, viewer: Viewer, where: Where) -> list[Row]:
    """Return the disagreements in the order in which the locks of their pairs are taken; one more than allowed."""
    matching = MATTER.allowed(viewer), MATTER.where(viewer, where)
    order = matters.c.left_system, matters.c.right_system, matters.c.id
    sent = decisions.c.decision, decisions.c.state.label("telling"), decisions.c.trouble, complaints.c.ticket
    statement = (
        select(*MATTER.columns(viewer), *sent)
        .select_from(
            matters.outerjoin(decisions, decisions.c.matter_id == matters.c.id).outerjoin(
                complaints, complaints.c.id == matters.c.complaint_id
            )
        )
        .where(*matching)
        .order_by(*order)
        .limit(MAX_MATTERS + 1)
    )
    return list((await db.execute(statement)).mappings())


def _too_many(count: int, act: Act) -> Problem | None:
    if count > MAX_MATTERS:
        message = Bilingual(
            f"More than {MAX_MATTERS} disagreements match; narrow the filter.",
            f"Lebih dari {MAX_MATTERS} ketidaksesuaian cocok; persempit filternya.",
        )
        return Problem("filter", ProblemCode.TOO_MANY, message)
    if act.kind is DisagreementAct.CONFIRM_MATCH and count > 1:
        message = Bilingual("Confirm one match at a time.", "Pastikan pasangan satu per satu.")
        return Problem("ids", ProblemCode.TOO_MANY, message)
    return None
