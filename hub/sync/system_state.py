"""Records the state of a system after a pull: down, stopped, or up, and the issues that the pull found."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import ConfigurationError, ContractBroken, Maintenance, TryLater
from hub.http_client.source_clock import TOLERANCE, SourceClock
from hub.store import system_issues, systems
from hub.store.system_issues import IssueCode

log = structlog.get_logger()

BROKEN_STOPS_AFTER = timedelta(hours=1)
"""How long every pull has to meet responses that violate the contract until the system counts as stopped."""


async def record_failure(db: AsyncConnection, system: str, error: TryLater | ConfigurationError) -> str:
    """Record why a pull failed; return its outcome: ``DOWN``, ``STOPPED``, or ``WAITING`` for announced upkeep."""
    if isinstance(error, Maintenance):
        await systems.postpone(db, system, error.after)
        log.info("system.closed", system=system, reason=str(error))
        return "WAITING"
    broken = isinstance(error, ContractBroken)
    if broken:
        await system_issues.record(db, system, IssueCode.CONTRACT_VIOLATION, str(error))
    lasted = await systems.broken_for(db, system) if broken else timedelta()
    if isinstance(error, ConfigurationError) or lasted >= BROKEN_STOPS_AFTER:
        await systems.mark_stopped(db, system, str(error))
        log.error("system.stopped", system=system, error=str(error))
        return "STOPPED"
    if await systems.mark_failed(db, system, str(error), error.after, broken=broken):
        log.warning("system.down", system=system, error=str(error))
    return "DOWN"


async def record_success(db: AsyncConnection, system: str, clock: SourceClock, in_future: int) -> None:
    """Record the issues of a complete pull; ``in_future`` records have a time of change in the future."""
    resolved = {IssueCode.CONTRACT_VIOLATION}
    if clock.offset is not None and abs(clock.offset) > TOLERANCE:
        await system_issues.record(db, system, IssueCode.CLOCK_SKEW, _clock(clock.offset))
    else:
        resolved.add(IssueCode.CLOCK_SKEW)
    if in_future:
        detail = f"{in_future} of the records in the last pull have a time of change in the future"
        await system_issues.record(db, system, IssueCode.FUTURE_TIMESTAMPS, detail)
    else:
        resolved.add(IssueCode.FUTURE_TIMESTAMPS)
    await system_issues.resolve(db, system, resolved)


def _clock(offset: timedelta) -> str:
    side = "ahead of" if offset > timedelta() else "behind"
    return f"The system's clock is {abs(offset).total_seconds():.0f} s {side} the hub's"
