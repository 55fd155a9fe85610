"""Removal detection: which records are marked as gone after a complete full run that did not list them.

Records that arrived by another way than a listing have some time to be listed. If a run missed far more records than
usual, none is marked as gone: a second complete run has to miss the same records, or a person has to confirm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.settings import Settings
from hub.store import system_issues, systems
from hub.store.agreement.refresh import refresh
from hub.store.ingest import sightings
from hub.store.ingest.sightings import FullRunScope, UnseenCounts
from hub.store.system_issues import IssueCode

ALWAYS_ALLOWED = 10
"""Number of records that one run may always mark as gone, unless it listed nothing: a share of few says little."""
CONFIRMATION_DELAY = timedelta(hours=12)
"""Minimum time between the two runs: a run a minute later could meet the same error."""


@dataclass(frozen=True, slots=True)
class RemovalRules:
    """The limits: the share of records that one run may mark as gone, and how long direct arrivals are exempt."""

    share: float = 0.2
    direct: timedelta = timedelta(days=7)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the rules of these settings."""
        return cls(settings.gone_share, timedelta(seconds=settings.unlisted_for))


@dataclass(frozen=True, slots=True)
class FullRun:
    """A complete full run: when it began, how far back it lists, and whether a person confirmed it."""

    system: str
    began: datetime
    horizon: datetime | None
    confirmed: bool


async def mark_removed(db: AsyncConnection, run: FullRun, rules: RemovalRules) -> int:
    """Mark the records that a full run did not list as gone, or wait for a confirmation.

    Return how many were marked.
    """
    before = await systems.mass_absence_since(db, run.system)
    second = before is not None and run.began - before >= CONFIRMATION_DELAY
    # Records that both runs missed are gone, and do not count when this run is judged.
    known = before if second and before is not None else None
    counts = await sightings.count_unseen(db, _scope(run, rules), run.began, known)
    if not run.confirmed and _is_suspicious(counts, rules):
        await _await_confirmation(db, run, counts, since=before if before and not second else run.began)
        return await _mark_gone(db, run, rules, known) if known else 0
    await systems.set_mass_absence(db, run.system, None)
    await system_issues.resolve(db, run.system, [IssueCode.MANY_MISSING])
    gone = await _mark_gone(db, run, rules, run.began)
    await sightings.confirm(db, run.system, run.began, run.horizon)
    return gone


async def end_unidentified(db: AsyncConnection, run: FullRun, rules: RemovalRules) -> int:
    """Mark none as gone, because the run listed items without a readable id; but what it listed is current."""
    if not _is_suspicious(await sightings.count_unseen(db, _scope(run, rules), run.began, None), rules):
        await sightings.confirm(db, run.system, run.began, run.horizon)
    return 0


async def _mark_gone(db: AsyncConnection, run: FullRun, rules: RemovalRules, not_seen_since: datetime) -> int:
    gone = await sightings.mark_gone(db, _scope(run, rules), not_seen_since)
    await refresh(db, run.system, gone, run.system)
    return len(gone)


def _scope(run: FullRun, rules: RemovalRules) -> FullRunScope:
    return FullRunScope(run.system, run.horizon, run.began - rules.direct)


def _is_suspicious(counts: UnseenCounts, rules: RemovalRules) -> bool:
    listed_nothing = counts.missing == counts.expected
    return counts.missing > 0 and (
        listed_nothing or counts.missing > max(ALWAYS_ALLOWED, rules.share * counts.expected)
    )


async def _await_confirmation(db: AsyncConnection, run: FullRun, counts: UnseenCounts, since: datetime) -> None:
    await systems.set_mass_absence(db, run.system, since)
    detail = (
        f"A full run did not find {counts.missing} of {counts.expected} records, so none was marked as gone;"
        f" a full run {CONFIRMATION_DELAY} after {since:%Y-%m-%d %H:%M} UTC that misses them too confirms it,"
        f" or `hub sync {run.system} --full --confirm-gone`"
    )
    await system_issues.record(db, run.system, IssueCode.MANY_MISSING, detail)
