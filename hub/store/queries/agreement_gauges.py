"""What is measured of agreement: matters by state, the oldest disagreement, the time until agreement, and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, literal_column, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.enums import AgreementState
from hub.store.queries.agreement_entity import SHOWN_STATE
from hub.store.tables.agreement import agreement_events, decisions, matters

_IGNORED = func.coalesce(matters.c.ignored_until > func.now(), literal_column("false"))
_DUE = and_(SHOWN_STATE.not_in((AgreementState.AGREED.value, AgreementState.PENDING.value)), not_(_IGNORED))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFigures:
    """Figures of agreement. Ages and times are in seconds."""

    matters: dict[tuple[str, str], int]
    """(pair, state) → number of matters."""
    oldest: dict[str, float]
    """Pair → age of the oldest disagreement whose window has passed and that nobody ignores; 0 if there is none."""
    seconds: dict[tuple[str, str], float]
    """(pair, quantile) → time until agreement, of the matters that agreed in the last 24 hours."""
    decisions: dict[tuple[str, str], int]
    """(system, state) → number of decisions that the system has not followed yet."""


async def figures(db: AsyncConnection) -> AgreementFigures:
    """Return the figures, with four SQL statements."""
    return AgreementFigures(
        matters={(row.pair, row.state): row.n for row in await db.execute(_MATTERS)},
        oldest={row.pair: float(row.age) for row in await db.execute(_OLDEST)},
        seconds={
            (row.pair, quantile): float(value)
            for row in await db.execute(_SECONDS)
            for quantile, value in (("0.5", row.median), ("0.95", row.p95))
        },
        decisions={(row.system, row.state): row.n for row in await db.execute(_DECISIONS)},
    )


_STATE = SHOWN_STATE.label("state")
_MATTERS = select(matters.c.pair, _STATE, func.count().label("n")).group_by(matters.c.pair, _STATE)
_AGE = func.extract("epoch", func.now() - func.min(case((_DUE, matters.c.since))))
_OLDEST = select(matters.c.pair, func.greatest(0, func.coalesce(_AGE, 0)).label("age")).group_by(matters.c.pair)
_TAKEN = agreement_events.c.seconds
_RECENT = agreement_events.c.at >= func.now() - literal_column("interval '24 hours'")
_SECONDS: Any = (
    select(
        matters.c.pair,
        func.percentile_cont(0.5).within_group(_TAKEN).label("median"),
        func.percentile_cont(0.95).within_group(_TAKEN).label("p95"),
    )
    .join(agreement_events, agreement_events.c.matter_id == matters.c.id)
    .where(_TAKEN.is_not(None), _RECENT)
    .group_by(matters.c.pair)
)
_DECISIONS = (
    select(decisions.c.system, decisions.c.state, func.count().label("n"))
    .where(decisions.c.state != "DONE")
    .group_by(decisions.c.system, decisions.c.state)
)
