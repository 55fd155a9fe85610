"""A system of tests that takes what is sent to it, counts what came twice, and fails as it is told."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import ConnectorSettings, Delivery, Raw
from hub.connectors.http import Http
from hub.errors import Refused, Stop, TryLater, Unclear
from tests.fake import Fake, FakeSettings, World, report


@dataclass
class There:
    """What the system took. Of ``faults`` and ``looks`` each call uses up one; ``late`` is taken and not shown yet."""

    faults: Iterator[str] = field(default_factory=lambda: iter(()))
    looks: Iterator[str] = field(default_factory=lambda: iter(()))
    taken: list[Delivery] = field(default_factory=list)
    late: list[Delivery] = field(default_factory=list)
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    """The most calls for one complaint at the same time."""
    calls: int = 0
    delay: float = 0.0

    @property
    def keys(self) -> list[str]:
        """The keys of what was taken, in order."""
        return [each.key for each in self.taken]

    @property
    def doubled(self) -> list[str]:
        """What was taken more than once."""
        return [key for key, times in Counter(self.keys).items() if times > 1]

    @property
    def by_ticket(self) -> Mapping[str, list[str]]:
        """The actions taken of each complaint, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.taken:
            found[each.complaint.ticket].append(each.action.value)
        return found

    def settle(self) -> None:
        """What was accepted late is there now."""
        self.taken += self.late
        self.late = []

    def number(self, ticket: str) -> str:
        """The record a complaint became."""
        return f"T-{ticket}"


class Taking(Fake):
    """Takes everything. ``there`` is shared by all its instances, as the other side of real ones is."""

    sends: ClassVar[frozenset[DeliveryAction]] = frozenset(DeliveryAction)
    listing: ClassVar[bool] = True
    settles: ClassVar[float] = 0.0

    def __init__(self, there: There, settings: ConnectorSettings | None = None, http: Http | None = None) -> None:
        super().__init__(settings or FakeSettings(), http or Http("http://127.0.0.1:9"), World())
        self.there = there

    @property
    def settle(self) -> float:
        return self.settles

    async def send(self, delivery: Delivery) -> str:
        there, ticket = self.there, delivery.complaint.ticket
        there.calls += 1
        there.at_once[ticket] += 1
        there.most_at_once = max(there.most_at_once, there.at_once[ticket])
        try:
            await asyncio.sleep(there.delay)
            return await self._answer(delivery, next(there.faults, ""))
        finally:
            there.at_once[ticket] -= 1

    async def _answer(self, delivery: Delivery, fault: str) -> str:
        there = self.there
        # What is late is there by the time anything else is asked, unless the settle time was not waited for.
        if fault in _NOTHING:
            raise _NOTHING[fault]
        if fault == "late":
            there.late.append(delivery)
            raise Unclear("no answer")
        there.taken.append(delivery)
        if fault == "hang":
            await asyncio.sleep(60)
        if fault == "unclear":
            raise Unclear("HTTP 500")
        if fault == "fault of ours":
            raise ZeroDivisionError
        return there.number(delivery.complaint.ticket)

    def looks_up(self, delivery: Delivery) -> bool:
        return self.listing

    async def look_up(self, delivery: Delivery) -> str | None:
        self.there.settle()
        if (fault := next(self.there.looks, "")) in _NOTHING:
            raise _NOTHING[fault]
        return self.there.number(delivery.complaint.ticket) if delivery.key in self.there.keys else None

    async def one(self, external_id: str) -> Raw | None:
        ticket = external_id.removeprefix("T-")
        known = any(each.complaint.ticket == ticket for each in self.there.taken)
        return report(external_id, at=datetime.now(UTC).isoformat(), keys=[("ticket", ticket)]) if known else None


_NOTHING: Mapping[str, Any] = {
    "later": TryLater("HTTP 503"),
    "lost": Unclear("the connection broke"),
    "refuse": Refused("title: it is required"),
    "stop": Stop("HTTP 401"),
}
"""Faults after which nothing was taken; of ``lost`` the hub cannot know that."""
