"""Deliveries that do not arrive, grouped by error, and decisions on many of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import UNDECIDED, DeliveryAction, DeliveryState, check_confirmation, wrong_state
from hub.complaints.problems import Problem
from hub.complaints.workflow import Refusal
from hub.messages import Bilingual
from hub.store.arrays import any_of
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.queries.delivery_entity import ERROR, GROUP, visible
from hub.store.tables.sync import deliveries
from hub.store.use_cases import delivery_decisions
from hub.viewer import Viewer

MAX_DELIVERIES = 500
"""How many deliveries one act takes."""


@dataclass(frozen=True, slots=True)
class DeliveryGroup:
    """Deliveries to a system that failed with one error, without its numbers; ``next_at``: the next attempt at one."""

    key: str
    system: str
    state: str
    action: str
    error: str | None
    count: int
    oldest: datetime
    next_at: datetime | None


class DeliveryAct(StrEnum):
    """A decision on deliveries."""

    RETRY = "RETRY"
    GIVE_UP = "GIVE_UP"
    CONFIRM = "CONFIRM"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What was done about a delivery, or would be; ``message`` says so, or why not."""

    key: str
    accepted: bool
    message: Bilingual | str


_DONE = {
    DeliveryAct.RETRY: Bilingual("It is sent again at once.", "Segera dikirim lagi."),
    DeliveryAct.GIVE_UP: Bilingual("It is not sent any more.", "Tidak dikirim lagi."),
    DeliveryAct.CONFIRM: Bilingual("It is recorded as arrived.", "Dicatat sudah sampai."),
}
_ABSENT = Bilingual("There is no such delivery that you may see.", "Pengiriman tidak ditemukan atau tidak terlihat.")
_FAILED = or_(
    and_(deliveries.c.state == "WAITING", deliveries.c.attempts > 0),
    deliveries.c.state.in_(("BLOCKED", "OUTCOME_UNKNOWN")),
)


async def groups(db: AsyncConnection, viewer: Viewer) -> list[DeliveryGroup]:
    """Return the groups of failed deliveries that ``viewer`` may see, the largest first."""
    c, number = deliveries.c, func.count()
    next_at = func.min(c.due_at).filter(c.state == "WAITING")
    statement = (
        select(GROUP, c.system, c.state, c.action, func.nullif(ERROR, ""), number, func.min(c.created_at), next_at)
        .where(_FAILED, visible(viewer))
        .group_by(c.system, c.state, c.action, ERROR)
        .order_by(number.desc(), c.system, c.state, c.action)
    )
    return [DeliveryGroup(*row) for row in await db.execute(statement)]


async def act_on(
    db: AsyncConnection,
    cause: Cause,
    viewer: Viewer,
    act: DeliveryAct,
    *,
    keys: Sequence[str] | None = None,
    group: str | None = None,
    preview: bool = False,
) -> tuple[DeliveryOutcome, ...]:
    """Decide on deliveries by their keys, or on those of a group; each for itself, as ``delivery_decisions`` does."""
    found = await _find(db, viewer, keys, group)
    outcomes = []
    for key, (state, action) in found.items():
        refused = _refusal(act, state, action) if preview else await _decide(db, cause, viewer, act, key)
        outcomes.append(DeliveryOutcome(key, refused is None, _DONE[act] if refused is None else refused))
    absent = (key for key in dict.fromkeys(keys or ()) if key not in found)
    return (*outcomes, *(DeliveryOutcome(key, False, _ABSENT) for key in absent))


async def _find(
    db: AsyncConnection, viewer: Viewer, keys: Sequence[str] | None, group: str | None
) -> Mapping[str, tuple[DeliveryState, DeliveryAction]]:
    """Return state and action by key, in an order in which two acts cannot deadlock."""
    c = deliveries.c
    which = any_of(c.key, keys) if keys is not None else and_(_FAILED, GROUP == group)  # noqa: SIM300
    statement = select(c.key, c.state, c.action).where(which, visible(viewer)).order_by(c.system, c.id)
    rows = await db.execute(statement.limit(MAX_DELIVERIES))
    return {row.key: (DeliveryState(row.state), DeliveryAction(row.action)) for row in rows}


def _refusal(act: DeliveryAct, state: DeliveryState, action: DeliveryAction) -> str | None:
    if state not in UNDECIDED:
        return wrong_state(state).message
    problems = check_confirmation(action, None) if act is DeliveryAct.CONFIRM else []
    return problems[0].message if problems else None


Decision = Callable[[AsyncConnection, Cause, Viewer, str], Awaitable[Completed | Refusal | list[Problem] | None]]


async def _confirm(
    db: AsyncConnection, cause: Cause, viewer: Viewer, key: str
) -> Completed | Refusal | list[Problem] | None:
    return await delivery_decisions.confirm(db, cause, viewer, key, None)


_DECISIONS: Mapping[DeliveryAct, Decision] = {
    DeliveryAct.RETRY: delivery_decisions.retry,
    DeliveryAct.GIVE_UP: delivery_decisions.give_up,
    DeliveryAct.CONFIRM: _confirm,
}


async def _decide(db: AsyncConnection, cause: Cause, viewer: Viewer, act: DeliveryAct, key: str) -> str | None:
    """Decide on one delivery; return why not, if it cannot be done."""
    done = await _DECISIONS[act](db, cause, viewer, key)
    if isinstance(done, Refusal):
        return done.message
    if isinstance(done, list):
        return done[0].message
    return None if done else _ABSENT
