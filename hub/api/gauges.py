"""Prometheus gauges of systems, deliveries, files and the feed, read from the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hub.errors import TryLater
from hub.schema.nodes import UNREADABLE_ROWS
from hub.store import system_issues, systems
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.feed import sequence
from hub.store.ingest import contradictions, file_downloads, unmatched_agencies
from hub.store.ingest.contradictions import ContradictableKind
from hub.store.ingest.file_downloads import MissingFiles
from hub.store.outbox import deliveries
from hub.store.outbox.deliveries import Backlog
from hub.store.queries import agreement_gauges, overdue
from hub.store.queries.agreement_gauges import AgreementFigures
from hub.store.systems import SystemState
from hub.store.webhooks import queries as webhooks
from hub.store.webhooks.queries import WebhookFigures


class GaugeSpec(NamedTuple):
    """The description and the label names of a gauge."""

    description: str
    labels: tuple[str, ...]


GAUGES: Mapping[str, GaugeSpec] = {
    "hub_system_lag_seconds": GaugeSpec(
        "Replication lag in seconds; in: time since the last complete pull, out: age of the oldest unsettled delivery,"
        " 0 if there is none",
        ("system", "direction"),
    ),
    "hub_system_state": GaugeSpec("1 for the current state of a system", ("system", "state")),
    "hub_system_issues": GaugeSpec("1 for each open issue of a system", ("system", "issue")),
    "hub_system_records": GaugeSpec("Records of a system in the hub", ("system",)),
    "hub_system_quarantined": GaugeSpec("Items of a system in quarantine", ("system",)),
    "hub_system_in_doubt": GaugeSpec("Records about which a system sent contradictory final statuses", ("system",)),
    "hub_deliveries": GaugeSpec("Unsettled deliveries", ("system", "state")),
    "hub_delivery_age_seconds": GaugeSpec(
        "Seconds since the oldest unsettled delivery was created", ("system", "state")
    ),
    "hub_files_missing": GaugeSpec("Files that records refer to and that are not stored", ("system", "state")),
    "hub_orders_without_agency": GaugeSpec("Procurement orders without a known agency", ("system",)),
    "hub_rows_left_out": GaugeSpec("Rows that this process could not represent in the graph and omitted", ("type",)),
    "hub_feed_position": GaugeSpec("The position of the last change in the feed", ("system",)),
    "hub_feed_lag_seconds": GaugeSpec(
        "Seconds since the oldest change without a position was stored, 0 if there is none", ("system",)
    ),
    "hub_complaints_overdue": GaugeSpec("Complaints whose final answer is overdue", ("status",)),
    "hub_matters": GaugeSpec("Matters that two systems have", ("pair", "state")),
    "hub_disagreement_age_seconds": GaugeSpec(
        "Seconds since the oldest disagreement began whose time for following has passed and that nobody ignores, 0 if"
        " there is none",
        ("pair",),
    ),
    "hub_agreement_seconds": GaugeSpec(
        "Seconds until two sides agreed, at a quantile of those that did in the last 24 hours", ("pair", "quantile")
    ),
    "hub_decisions": GaugeSpec("Decisions of one register that the other has not followed yet", ("system", "state")),
    "hub_webhooks": GaugeSpec("Webhooks of a client", ("client", "state")),
    "hub_webhook_deliveries": GaugeSpec("Open deliveries to webhooks, and dead letters", ("client", "state")),
    "hub_webhook_failing_seconds": GaugeSpec(
        "Seconds since an active webhook of the client began to fail", ("client",)
    ),
}


class Sample(NamedTuple):
    """A value of a gauge with the values of its labels."""

    gauge: str
    labels: tuple[str, ...]
    value: float


class Gauges:
    """Reads the gauges. ``senders`` are systems with deliveries; records of ``contradictable`` may be in doubt."""

    def __init__(
        self, database: Database, senders: Collection[str], contradictable: Sequence[ContradictableKind] = ()
    ) -> None:
        self._database, self._senders, self._contradictable = database, senders, contradictable

    async def __call__(self) -> list[Sample]:
        """Return the current samples; raises ``TryLater`` if the database does not respond."""
        try:
            async with self._database.read() as db:
                known, backlog = await systems.overview(db), await deliveries.backlog(db)
                missing, heads = await file_downloads.missing(db), await sequence.sequencer_status(db)
                known_issues = await system_issues.entries(db)
                late, agreement = await overdue.counts(db), await agreement_gauges.figures(db)
                called = await webhooks.figures(db)
                contradicted, without_agency = (
                    await contradictions.counts(db, self._contradictable),
                    await unmatched_agencies.counts(db),
                )
        except DATABASE_ERRORS as error:
            raise TryLater(f"the database does not respond ({type(error).__name__})") from error
        now = datetime.now(UTC)
        samples = [
            *_system_samples(known, now),
            *_delivery_samples(backlog, self._senders, now),
            *_file_samples(known, missing),
        ]
        samples += [Sample("hub_system_issues", (issue.system, issue.code), 1) for issue in known_issues]
        samples += [Sample("hub_system_in_doubt", (system,), count) for system, count in contradicted.items()]
        samples += [Sample("hub_orders_without_agency", (system,), count) for system, count in without_agency.items()]
        samples += [Sample("hub_rows_left_out", (name,), count) for name, count in UNREADABLE_ROWS.items()]
        samples += [Sample("hub_complaints_overdue", (status,), count) for status, count in late.items()]
        samples += [*_agreement_samples(agreement), *_webhook_samples(called)]
        return [*samples, *(sample for head in heads for sample in _feed_samples(head))]


def _system_samples(known: list[SystemState], now: datetime) -> Iterator[Sample]:
    for system in known:
        yield Sample("hub_system_state", (system.name, system.state), 1)
        yield Sample("hub_system_records", (system.name,), system.records)
        yield Sample("hub_system_quarantined", (system.name,), system.quarantined)
        if system.synced_at:
            yield Sample("hub_system_lag_seconds", (system.name, "in"), _age(system.synced_at, now))


def _delivery_samples(backlog: list[Backlog], senders: Collection[str], now: datetime) -> Iterator[Sample]:
    lags = dict.fromkeys(senders, 0.0)
    for each in backlog:
        age = _age(each.oldest, now)
        lags[each.system] = max(age, lags.get(each.system, 0.0))
        yield Sample("hub_deliveries", (each.system, each.state), each.count)
        yield Sample("hub_delivery_age_seconds", (each.system, each.state), age)
    for system, lag in lags.items():
        yield Sample("hub_system_lag_seconds", (system, "out"), lag)


def _file_samples(known: list[SystemState], missing: Mapping[str, MissingFiles]) -> Iterator[Sample]:
    # A gauge that starts at zero also shows its first increase.
    for system in known:
        here = missing.get(system.name, MissingFiles(0, 0))
        yield Sample("hub_files_missing", (system.name, "WAITING"), here.waiting)
        yield Sample("hub_files_missing", (system.name, "GIVEN_UP"), here.given_up)


def _agreement_samples(figures: AgreementFigures) -> Iterator[Sample]:
    yield from (Sample("hub_matters", labels, count) for labels, count in figures.matters.items())
    yield from (Sample("hub_disagreement_age_seconds", (pair,), age) for pair, age in figures.oldest.items())
    yield from (Sample("hub_agreement_seconds", labels, value) for labels, value in figures.seconds.items())
    yield from (Sample("hub_decisions", labels, count) for labels, count in figures.decisions.items())


def _webhook_samples(figures: WebhookFigures) -> Iterator[Sample]:
    yield from (Sample("hub_webhooks", labels, count) for labels, count in figures.webhooks.items())
    yield from (Sample("hub_webhook_deliveries", labels, count) for labels, count in figures.deliveries.items())
    yield from (Sample("hub_webhook_failing_seconds", (client,), age) for client, age in figures.failing.items())


def _feed_samples(head: sequence.SequencerStatus) -> Iterator[Sample]:
    yield Sample("hub_feed_position", (head.system,), head.position)
    yield Sample("hub_feed_lag_seconds", (head.system,), head.lag)


def _age(since: datetime, now: datetime) -> float:
    # The clocks of the database and of this process may differ slightly.
    return max(0.0, (now - since).total_seconds())
