"""Who asks, and what they were granted. Imports nothing of the hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ViewerKind(Enum):
    """The kinds of viewer the store knows row rules for."""

    ANONYMOUS = "anonymous"
    OFFICER = "officer"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. ``name`` is stable and never personal data; it is what change rows call the actor."""

    kind: ViewerKind
    name: str = ""
    scopes: frozenset[str] = field(default_factory=frozenset)

    def may(self, scope: str) -> bool:
        """Whether ``scope`` was granted; the worker may everything."""
        return self.kind is ViewerKind.WORKER or scope in self.scopes


ANONYMOUS = Viewer(ViewerKind.ANONYMOUS, "anonymous")
WORKER = Viewer(ViewerKind.WORKER, "worker")
