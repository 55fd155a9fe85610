"""Issues of operators: computed from the state of the hub, so that they clear themselves.

Each alert of ``docs/alerts.yml`` has its issue. An alert waits for a while before it fires; an issue is shown at once,
except where the state is normal for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.messages import Bilingual, Count, in_language
from hub.store import schema_version, system_issues, systems
from hub.store.feed import sequence
from hub.store.feed.sequence import SequencerStatus
from hub.store.ingest import contradictions, file_downloads, inquiries, quarantine
from hub.store.ingest.contradictions import ContradictableKind
from hub.store.ingest.file_downloads import MissingFiles
from hub.store.ingest.inquiries import InquiryBacklog
from hub.store.ingest.quarantine import QuarantineBacklog
from hub.store.operations import event_counts, jobs
from hub.store.operations.event_counts import Event, EventSum
from hub.store.operations.exchange_issue_kinds import EXCHANGE_ISSUES
from hub.store.operations.hub_issue_kinds import HUB_ISSUES
from hub.store.operations.jobs import Workers
from hub.store.operations.system_issue_kinds import SYSTEM_ISSUES
from hub.store.operations.terms import IssueKind, Severity
from hub.store.outbox import deliveries
from hub.store.outbox.deliveries import Backlog
from hub.store.queries import agreement_gauges
from hub.store.queries.agreement_gauges import AgreementFigures
from hub.store.systems import SystemState
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.issues import issues_of
from hub.viewer import WORKER

KINDS = {**HUB_ISSUES, **SYSTEM_ISSUES, **EXCHANGE_ISSUES}
"""The kinds of issues by their code."""
LAG = timedelta(hours=1)
STUCK = timedelta(days=1)
DISAGREEMENT_SECONDS = 86_400
MANY_FILES = 100
FEED_SECONDS = 60
MANY_REFUSED = 20
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
_ORDER = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorIssue:
    """An issue: its code, and the ``id`` and ``name`` of its subject.

    ``since`` is None if it is not known. ``detail`` is more about it in English, such as the last error of a
    system; it may quote the system and is redacted where it is shown.
    """

    code: str
    id: str = ""
    name: str = ""
    since: datetime | None = None
    count: int = 1
    detail: str | None = None

    @property
    def kind(self) -> IssueKind:
        """The kind of this issue."""
        return KINDS[self.code]

    def text(self, message: Bilingual, language: str) -> str:
        """Return a message of the kind about this subject."""
        return in_language(message, language).format(subject=self.name, count=Count(self.count))

    @property
    def command(self) -> str | None:
        """The command that acts on it."""
        return self.kind.command.format(id=self.id) if self.kind.command else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubState:
    """What issues are computed from. Counters by system have no entry for a system without any."""

    now: datetime
    migrated: bool
    workers: Workers
    systems: Sequence[SystemState]
    system_issues: Sequence[system_issues.Issue]
    quarantine: Sequence[QuarantineBacklog]
    deliveries: Sequence[Backlog]
    files: dict[str, MissingFiles]
    in_doubt: dict[str, int]
    inquiries: Sequence[InquiryBacklog]
    feed: Sequence[SequencerStatus]
    agreement: AgreementFigures
    decisions: dict[str, tuple[int, datetime | None]]
    undecided: dict[tuple[str, str], tuple[int, datetime]]
    webhooks: Sequence[Webhook]
    recent_events: dict[tuple[Event, str], EventSum]
    hourly_events: dict[tuple[Event, str], EventSum]


_DECISIONS = """
select system, count(*) as number, min(attempted_at) as since from decisions where state = 'BLOCKED' group by system
"""
_UNDECIDED = """
select 'CONFLICTS_WAIT' as code, system, count(*) as number, min(conflict_since) as since from shared_fields
where conflict_since is not null group by system
union all select 'CLAIMS_WAIT', system, count(*), min(claimed_at) from claims where dismissed_at is null group by system
"""


async def load(db: AsyncConnection, head: str | None, contradictable: Sequence[ContradictableKind]) -> HubState:
    """Return the state of the hub. ``head`` is the migration that this code needs; None if it does not matter."""
    return HubState(
        now=datetime.now(UTC),
        migrated=head is None or await schema_version.is_usable(db),
        workers=await jobs.workers(db),
        systems=await systems.overview(db),
        system_issues=await system_issues.entries(db),
        quarantine=await quarantine.backlog(db),
        deliveries=await deliveries.backlog(db),
        files=await file_downloads.missing(db),
        in_doubt=dict(await contradictions.counts(db, contradictable)),
        inquiries=await inquiries.backlog(db),
        feed=await sequence.sequencer_status(db),
        agreement=await agreement_gauges.figures(db),
        decisions={row.system: (row.number, row.since) for row in await db.execute(text(_DECISIONS))},
        undecided={(row.code, row.system): (row.number, row.since) for row in await db.execute(text(_UNDECIDED))},
        webhooks=await endpoints.find(db, WORKER),
        recent_events=await event_counts.sums(db, QUARTER),
        hourly_events=await event_counts.sums(db, HOUR),
    )


def issues_in(state: HubState) -> list[OperatorIssue]:
    """Return the issues, the most severe first, and of equal ones the oldest first."""
    titles = {system.name: system.title for system in state.systems}
    disabled = {system.name for system in state.systems if not system.enabled}
    of_systems = (
        issue
        for issue in (*_connections(state), *_items(state), *_sent(state), *_files(state))
        if issue.id not in disabled
    )
    found = [*_hub(state), *_pairs(state), *_webhooks(state)]
    found += [
        OperatorIssue(
            code=each.code,
            id=each.id,
            name=titles.get(each.id, each.id),
            since=each.since,
            count=each.count,
            detail=each.detail,
        )
        for each in of_systems
    ]
    late = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda each: (_ORDER.index(each.kind.severity), each.since or late, each.code, each.id))


def _hub(state: HubState) -> Iterator[OperatorIssue]:
    if not state.migrated:
        yield OperatorIssue(code="NOT_READY")
    if not state.workers.running:
        yield OperatorIssue(code="WORKER_MISSING", since=state.workers.last_heartbeat)
    if failed := state.recent_events.get((Event.OPERATION_FAILED, "")):
        yield OperatorIssue(code="OPERATIONS_FAIL", since=failed.since, count=failed.number)
    for head in state.feed:
        if head.lag > FEED_SECONDS:
            since = state.now - timedelta(seconds=head.lag)
            yield OperatorIssue(code="FEED_STALLED", id=head.system, name=head.system, since=since)


def _connections(state: HubState) -> Iterator[OperatorIssue]:
    for system in state.systems:
        name, error = system.name, system.last_error
        if system.paused_at:
            yield OperatorIssue(code="SYSTEM_PAUSED", id=name, since=system.paused_at)
        if system.stopped_at:
            yield OperatorIssue(code="SYSTEM_STOPPED", id=name, since=system.stopped_at, detail=error)
        elif system.down_since:
            yield OperatorIssue(code="SYSTEM_DOWN", id=name, since=system.down_since, detail=error)
        elif system.synced_at is None:
            yield OperatorIssue(code="SYSTEM_NOT_STARTED", id=name, detail=error)
        elif state.now - system.synced_at > LAG:
            yield OperatorIssue(code="PULLS_LAG", id=name, since=system.synced_at)
    for issue in state.system_issues:
        yield OperatorIssue(code=issue.code, id=issue.system, since=issue.since, detail=issue.detail)


def _items(state: HubState) -> Iterator[OperatorIssue]:
    for each in state.quarantine:
        yield OperatorIssue(code="QUARANTINE_WAITS", id=each.system, since=each.oldest, count=each.count)
    for system, count in state.in_doubt.items():
        if count:
            yield OperatorIssue(code="RECORDS_IN_DOUBT", id=system, count=count)
    for waiting in state.inquiries:
        yield OperatorIssue(
            code="INQUIRIES_UNANSWERED",
            id=waiting.system,
            since=waiting.since,
            count=waiting.waiting,
            detail=waiting.error,
        )
    for (event, system), found in state.hourly_events.items():
        if event is Event.HOOK_REFUSED and found.number > MANY_REFUSED:
            yield OperatorIssue(code="HOOKS_REFUSED", id=system, since=found.since, count=found.number)


_NEEDS_PERSON = ("BLOCKED", "OUTCOME_UNKNOWN")
_DELIVERY_ISSUES = {
    "BLOCKED": "DELIVERIES_BLOCKED",
    "OUTCOME_UNKNOWN": "DELIVERIES_UNKNOWN",
    "WAITING": "DELIVERIES_LAG",
    "SENDING": "DELIVERIES_STUCK",
}


def _sent(state: HubState) -> Iterator[OperatorIssue]:
    for each in state.deliveries:
        late = state.now - each.oldest > (STUCK if each.state == "SENDING" else LAG)
        if each.state in _NEEDS_PERSON or late:
            code = _DELIVERY_ISSUES[each.state]
            yield OperatorIssue(code=code, id=each.system, since=each.oldest, count=each.count)
    for system, (number, since) in state.decisions.items():
        yield OperatorIssue(code="DECISIONS_BLOCKED", id=system, since=since, count=number)
    for (code, system), (number, since) in state.undecided.items():
        yield OperatorIssue(code=code, id=system, since=since, count=number)


def _files(state: HubState) -> Iterator[OperatorIssue]:
    for system, files in state.files.items():
        if files.waiting > MANY_FILES:
            yield OperatorIssue(code="FILES_WAIT", id=system, count=files.waiting)
        if files.given_up:
            yield OperatorIssue(code="FILES_GIVEN_UP", id=system, count=files.given_up)


def _pairs(state: HubState) -> Iterator[OperatorIssue]:
    for pair, age in state.agreement.oldest.items():
        if age > DISAGREEMENT_SECONDS:
            yield OperatorIssue(code="DISAGREEMENT_OLD", id=pair, name=pair, since=state.now - timedelta(seconds=age))


def _webhooks(state: HubState) -> Iterator[OperatorIssue]:
    for webhook in state.webhooks:
        for issue in issues_of(webhook):
            code = f"WEBHOOK_{issue.code.value}"
            yield OperatorIssue(code=code, id=webhook.id, name=webhook.client, since=issue.since, detail=issue.message)
