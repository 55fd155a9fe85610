"""Who asks, and what they were granted. Imports nothing of the hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ViewerKind(Enum):
    """The kinds of viewer the store knows row rules for."""

    ANONYMOUS = "anonymous"
    PARTNER = "partner"
    OFFICER = "officer"
    CITIZEN = "citizen"
    HOLDER = "holder"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. ``name`` is stable and never personal data; it is what change rows call the actor.

    ``client`` is the OAuth client the request came through, if any. ``agency`` is the code of an
    officer's agency; an officer without one belongs to the complaint desk. ``ticket`` is the one
    complaint whose tracking code a holder showed.
    """

    kind: ViewerKind
    name: str = ""
    scopes: frozenset[str] = field(default_factory=frozenset)
    client: str | None = None
    agency: str | None = None
    ticket: str | None = None

    def may(self, scope: str) -> bool:
        """Whether ``scope`` was granted; the worker may everything."""
        return self.kind is ViewerKind.WORKER or scope in self.scopes


ANONYMOUS = Viewer(ViewerKind.ANONYMOUS, "anonymous")
WORKER = Viewer(ViewerKind.WORKER, "worker")
