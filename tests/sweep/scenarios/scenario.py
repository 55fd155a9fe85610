"""The base class of scenarios."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import ClassVar

from hub.connectors.base import Connector
from hub.store.database import Database
from tests.schema.harness import Stage
from tests.sweep.attempt import Attempt
from tests.sweep.setup import SweepSetup

CALLS = frozenset({"asks", "answered"})
COMMITS = frozenset({"commits", "committed"})
ANSWERS = frozenset({"received", "answers", "told"})


class Scenario(ABC):
    """Work of the hub that must survive the death of any of its processes at any moment."""

    name: str
    edges: ClassVar[frozenset[str]]
    """The kinds of crash points in a run without a kill; with fewer, a hook no longer works."""

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:  # noqa: B027  (most scenarios begin with nothing)
        """Fill the template that every attempt copies."""

    def speaks_to(self, connector: type[Connector]) -> bool:
        """Return whether the system's sandbox is needed."""
        return False

    @abstractmethod
    async def run(self, attempt: Attempt) -> None:
        """Do everything until clients have their responses and no work is left; processes may be killed meanwhile."""

    @abstractmethod
    async def check(self, attempt: Attempt) -> None:
        """Check what must hold at the end, whatever was killed."""


async def staged(setup: SweepSetup, url: str) -> Stage:
    """Return a stage on the template of a scenario, to fill it."""
    database = Database(url, pool_size=2)
    return Stage(database, setup.settings, setup.cipher, AsyncExitStack())
