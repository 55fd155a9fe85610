"""A system for tests that accepts deliveries, counts repeated ones, and fails as a test configures."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import ConnectorSettings
from hub.contract import Delivery, Raw
from hub.errors import ConfigurationError, OutcomeUnknown, Refused, TryLater
from hub.http_client import Http
from tests.fake_connector import Fake, FakeSettings, World, report
from tests.waits import HANGS_AFTER


@dataclass
class RemoteSystem:
    """What the system has accepted. Each call uses up one of ``faults`` or ``looks``; ``late`` is not found yet."""

    faults: Iterator[str] = field(default_factory=lambda: iter(()))
    looks: Iterator[str] = field(default_factory=lambda: iter(()))
    taken: list[Delivery] = field(default_factory=list)
    late: list[Delivery] = field(default_factory=list)
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    """The most concurrent calls for one complaint."""
    calls: int = 0
    delay: float = 0.0
    together: int = 1
    """The first calls wait until this number of calls is in progress."""
    overlapped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def keys(self) -> list[str]:
        """Return the keys of the accepted deliveries, in order."""
        return [each.key for each in self.taken]

    @property
    def doubled(self) -> list[str]:
        """Return the keys that were accepted more than once."""
        return [key for key, times in Counter(self.keys).items() if times > 1]

    @property
    def by_ticket(self) -> Mapping[str, list[str]]:
        """Return the accepted actions of each complaint, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.taken:
            found[each.complaint.ticket].append(each.action.value)
        return found

    def settle(self) -> None:
        """Let late deliveries be found."""
        self.taken += self.late
        self.late = []

    def number(self, ticket: str) -> str:
        """Return the number of a complaint's record."""
        return f"T-{ticket}"


class ReceivingConnector(Fake):
    """Accepts every delivery. All its instances share ``there``, as they would share a real system."""

    sends: ClassVar[frozenset[DeliveryAction]] = frozenset(DeliveryAction)
    listing: ClassVar[bool] = True
    settles: ClassVar[float] = 0.0

    def __init__(
        self, there: RemoteSystem, settings: ConnectorSettings | None = None, http: Http | None = None
    ) -> None:
        super().__init__(settings or FakeSettings(), http or Http("http://127.0.0.1:9"), World())
        self.there = there

    @property
    def settle_seconds(self) -> float:
        return self.settles

    async def send(self, delivery: Delivery) -> str:
        there, ticket = self.there, delivery.complaint.ticket
        there.calls += 1
        there.at_once[ticket] += 1
        there.most_at_once = max(there.most_at_once, there.at_once[ticket])
        try:
            if there.at_once.total() >= there.together:
                there.overlapped.set()
            await there.overlapped.wait()
            await asyncio.sleep(there.delay)
            return await self._answer(delivery, next(there.faults, ""))
        finally:
            there.at_once[ticket] -= 1

    async def _answer(self, delivery: Delivery, fault: str) -> str:
        there = self.there
        # A late delivery is found at the next call, unless the settle time has not passed.
        if fault in _NOTHING:
            raise _NOTHING[fault]
        if fault == "late":
            there.late.append(delivery)
            raise OutcomeUnknown("no answer")
        there.taken.append(delivery)
        if fault == "hang":
            await asyncio.sleep(HANGS_AFTER)
        if fault == "unclear":
            raise OutcomeUnknown("HTTP 500")
        if fault == "fault of ours":
            raise ZeroDivisionError
        return there.number(delivery.complaint.ticket)

    def can_look_up(self, delivery: Delivery) -> bool:
        return self.listing

    async def look_up(self, delivery: Delivery) -> str | None:
        self.there.settle()
        if (fault := next(self.there.looks, "")) in _NOTHING:
            raise _NOTHING[fault]
        return self.there.number(delivery.complaint.ticket) if delivery.key in self.there.keys else None

    async def fetch_one(self, external_id: str) -> Raw | None:
        ticket = external_id.removeprefix("T-")
        known = any(each.complaint.ticket == ticket for each in self.there.taken)
        return report(external_id, at=datetime.now(UTC).isoformat(), keys=[("ticket", ticket)]) if known else None


_NOTHING: Mapping[str, Any] = {
    "later": TryLater("HTTP 503"),
    "lost": OutcomeUnknown("the connection broke"),
    "refuse": Refused("title: it is required"),
    "stop": ConfigurationError("HTTP 401"),
    "our fault": ZeroDivisionError(),
}
"""Faults after which nothing was accepted; with ``lost`` the hub cannot know that."""
