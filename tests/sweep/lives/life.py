"""What a life is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import ClassVar

from hub.connectors.base import Connector
from hub.store.database import Database
from tests.schema.stage import Stage
from tests.sweep.attempt import Attempt
from tests.sweep.ground import Ground

CALLS = frozenset({"asks", "answered"})
COMMITS = frozenset({"commits", "committed"})
ANSWERS = frozenset({"received", "answers", "told"})


class Life(ABC):
    """Something the hub does that must survive the death of any of its processes, at any moment."""

    name: str
    edges: ClassVar[frozenset[str]]
    """The sorts of edges a run without a kill passes; with fewer, the hooks no longer see what they are for."""

    async def prepare(self, ground: Ground, stage: Stage) -> None:  # noqa: B027  (most lives begin with nothing)
        """Fill the template that every attempt copies."""

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Whether the system's sandbox is needed."""
        return False

    @abstractmethod
    async def live(self, attempt: Attempt) -> None:
        """Everything, until clients were told of it and nothing is left to do; processes may die meanwhile."""

    @abstractmethod
    async def check(self, attempt: Attempt) -> None:
        """What must hold now, whatever died."""


async def staged(ground: Ground, url: str) -> Stage:
    """A stage on a life's template, to fill it."""
    database = Database(url, pool_size=2)
    return Stage(database, ground.settings, ground.seal, AsyncExitStack())
