"""The figures of systems, deliveries, files and feed: which there are, and what the database says of them just now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from hub.errors import TryLater
from hub.store import systems
from hub.store.database import Database
from hub.store.exchange import deliveries
from hub.store.exchange.deliveries import Backlog
from hub.store.feed import positions
from hub.store.ingest import doubts, fetching
from hub.store.ingest.doubts import Doubtful
from hub.store.ingest.fetching import Missing
from hub.store.systems import SystemState


class Gauged(NamedTuple):
    """What a figure means, and the labels that tell its values apart."""

    meaning: str
    labels: tuple[str, ...]


FIGURES: Mapping[str, Gauged] = {
    "hub_system_lag_seconds": Gauged(
        "How far a system and the hub are apart: in, seconds since the last complete pull;"
        " out, the age of the oldest delivery that is not settled, 0 without one",
        ("system", "direction"),
    ),
    "hub_system_state": Gauged("1 for the state a system is in", ("system", "state")),
    "hub_system_records": Gauged("Records held of a system", ("system",)),
    "hub_system_quarantined": Gauged("Items of a system in quarantine", ("system",)),
    "hub_system_in_doubt": Gauged("Records of which a system contradicts itself", ("system",)),
    "hub_deliveries": Gauged("Deliveries that are not settled", ("system", "state")),
    "hub_delivery_age_seconds": Gauged("Seconds since the oldest of them was planned", ("system", "state")),
    "hub_files_missing": Gauged("Files that records point to and that are not here", ("system", "state")),
    "hub_feed_position": Gauged("The last position that was given to a change", ("system",)),
    "hub_feed_lag_seconds": Gauged("The age of the oldest change without a position, 0 without one", ("system",)),
}


class Sample(NamedTuple):
    """One value of a figure, for the values of its labels."""

    figure: str
    labels: tuple[str, ...]
    value: float


class Figures:
    """Asks the database; to ``senders`` something can be brought, and ``doubtful`` can be in doubt."""

    def __init__(self, database: Database, senders: Collection[str], doubtful: Sequence[Doubtful] = ()) -> None:
        self._database, self._senders, self._doubtful = database, senders, doubtful

    async def __call__(self) -> list[Sample]:
        """All figures as they are now; ``TryLater`` while the database does not answer."""
        try:
            async with self._database.read() as db:
                known, backlog = await systems.overview(db), await deliveries.backlog(db)
                missing, heads = await fetching.missing(db), await positions.figures(db)
                doubted = await doubts.counts(db, self._doubtful)
        except SQLAlchemyError as error:
            raise TryLater(f"the database does not answer ({type(error).__name__})") from error
        now = datetime.now(UTC)
        told = [*_of_systems(known, now), *_of_deliveries(backlog, self._senders, now), *_of_files(known, missing)]
        told += [Sample("hub_system_in_doubt", (system,), count) for system, count in doubted.items()]
        return [*told, *(sample for head in heads for sample in _of_feed(head))]


def _of_systems(known: list[SystemState], now: datetime) -> Iterator[Sample]:
    for system in known:
        yield Sample("hub_system_state", (system.name, system.state), 1)
        yield Sample("hub_system_records", (system.name,), system.records)
        yield Sample("hub_system_quarantined", (system.name,), system.quarantined)
        if system.synced_at:
            yield Sample("hub_system_lag_seconds", (system.name, "in"), _age(system.synced_at, now))


def _of_deliveries(backlog: list[Backlog], senders: Collection[str], now: datetime) -> Iterator[Sample]:
    lags = dict.fromkeys(senders, 0.0)
    for each in backlog:
        age = _age(each.oldest, now)
        lags[each.system] = max(age, lags.get(each.system, 0.0))
        yield Sample("hub_deliveries", (each.system, each.state), each.count)
        yield Sample("hub_delivery_age_seconds", (each.system, each.state), age)
    for system, lag in lags.items():
        yield Sample("hub_system_lag_seconds", (system, "out"), lag)


def _of_files(known: list[SystemState], missing: Mapping[str, Missing]) -> Iterator[Sample]:
    # A figure that begins at zero shows its first rise too.
    for system in known:
        here = missing.get(system.name, Missing(0, 0))
        yield Sample("hub_files_missing", (system.name, "WAITING"), here.waiting)
        yield Sample("hub_files_missing", (system.name, "GIVEN_UP"), here.given_up)


def _of_feed(head: positions.Figures) -> Iterator[Sample]:
    yield Sample("hub_feed_position", (head.system,), head.position)
    yield Sample("hub_feed_lag_seconds", (head.system,), head.lag)


def _age(since: datetime, now: datetime) -> float:
    # The database's clock and ours may differ by a moment.
    return max(0.0, (now - since).total_seconds())
