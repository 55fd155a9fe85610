"""What the graph needs of the settings and the connectors for operators; the app provides it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.ingest.contradictions import ContradictableKind
from hub.store.ingest.quarantine import QuarantineEntry
from hub.store.operations.quarantine import ReplayOutcome


class ItemReplay(Protocol):
    """Reads quarantined items again, see ``hub.sync.quarantine_replay``."""

    @property
    def kinds(self) -> dict[str, frozenset[str]]:
        """The kinds of each enabled system."""

    def preview(self, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
        """Return what a replay would give, and write nothing."""

    async def replay(self, db: AsyncConnection, system: str, ids: Sequence[int]) -> list[ReplayOutcome]:
        """Ingest open items of a system again."""


class NoReplay:
    """Where no connector is known, nothing can be read again."""

    kinds: dict[str, frozenset[str]] = {}

    def preview(self, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
        """Return that nothing can be read."""
        return [ReplayOutcome(each.id, False) for each in entries]

    async def replay(self, db: AsyncConnection, system: str, ids: Sequence[int]) -> list[ReplayOutcome]:
        """Read nothing."""
        return [ReplayOutcome(each, False) for each in ids]


@dataclass(frozen=True, slots=True)
class SettingFact:
    """A setting of a connector: the name of its variable, and its value; None for a secret, and if it is not set."""

    name: str
    value: str | None
    secret: bool
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFacts:
    """What operators see of an enabled connector; ``readme`` is its page, in Markdown."""

    version: str
    hooks: Sequence[str]
    has_files: bool
    settings: Sequence[SettingFact]
    readme: str | None


class KeptCount:
    """A number that this process counts again when it is too old; who asks meanwhile waits for that count."""

    def __init__(self) -> None:
        self._number, self._at = 0, -math.inf
        self._counting = asyncio.Lock()

    async def get(self, max_age: float, count: Callable[[], Awaitable[int]]) -> int:
        """Return the number, at most ``max_age`` seconds old; with 0 it is counted after this call."""
        asked = time.monotonic()
        async with self._counting:
            if self._at < asked - max_age:
                begun = time.monotonic()
                self._number = await count()
                self._at = begun
        return self._number


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTools:
    """What is fixed while a process runs, and the last count of its issues.

    ``migration`` is the migration that the code needs, None if it is not known. Records of ``contradictable`` kinds may
    contradict each other.
    """

    migration: str | None = None
    contradictable: Sequence[ContradictableKind] = ()
    connectors: Mapping[str, ConnectorFacts] = field(default_factory=dict)
    quarantine: ItemReplay = field(default_factory=NoReplay)
    issue_count: KeptCount = field(default_factory=KeptCount)
