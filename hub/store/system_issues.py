"""Issues of systems: what an operator should know although the pulls continue. A later pull resolves them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.sync import system_issues

log = structlog.get_logger()


class IssueCode(StrEnum):
    """The code of an issue."""

    CLOCK_SKEW = "CLOCK_SKEW"
    """The clocks of the system and the hub differ too much."""
    FUTURE_TIMESTAMPS = "FUTURE_TIMESTAMPS"
    """Records have a time of change in the future."""
    CONTRACT_VIOLATION = "CONTRACT_VIOLATION"
    """Responses violate the contract, or are not from the system itself."""
    MANY_MISSING = "MANY_MISSING"
    """A full run missed far more records than usual; none was marked as gone."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of a system, when it began, and a sentence for the operator."""

    system: str
    code: str
    since: datetime
    detail: str


async def record(db: AsyncConnection, system: str, code: IssueCode, detail: str) -> None:
    """Record an issue, or update its sentence; a new one is logged."""
    insert = postgresql.insert(system_issues).values(system=system, code=code.value, detail=detail)
    statement = insert.on_conflict_do_update(index_elements=["system", "code"], set_={"detail": detail})
    if await db.scalar(statement.returning(system_issues.c.since == func.now())):
        log.warning("system.issue", system=system, issue=code.value, detail=detail)


async def resolve(db: AsyncConnection, system: str, codes: Collection[IssueCode]) -> None:
    """Delete the issues of a system that are among ``codes``."""
    c = system_issues.c
    statement = delete(system_issues).where(c.system == system, c.code.in_([code.value for code in codes]))
    for code in await db.scalars(statement.returning(c.code)):
        log.info("system.issue_resolved", system=system, issue=code)


async def entries(db: AsyncConnection, systems: Collection[str] | None = None) -> list[Issue]:
    """Return the issues of all systems, or of ``systems``, by system and code."""
    c = system_issues.c
    statement = select(c.system, c.code, c.since, c.detail).order_by(c.system, c.code)
    if systems is not None:
        statement = statement.where(c.system.in_(systems))
    return [Issue(*row) for row in await db.execute(statement)]
