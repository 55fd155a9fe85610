"""The viewer of a request and its scopes. Imports nothing of the hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

PUBLIC, OFFICERS = "public", "officers"
"""To whom a system's records may be visible, besides viewers with a scope: everybody, or every officer."""


class ViewerKind(Enum):
    """The kinds of viewer that the store has visibility rules for."""

    ANONYMOUS = "anonymous"
    PARTNER = "partner"
    OFFICER = "officer"
    CITIZEN = "citizen"
    HOLDER = "holder"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The viewer of a request. ``name`` is stable and never personal data; change rows have it as the actor.

    ``client`` is the OAuth client of the request, if any. ``agency`` is the code of an officer's agency; an officer
    without one belongs to the complaint desk. ``ticket`` is the complaint whose tracking code a holder sent.
    ``merchants`` are a partner's own, as payments name them. ``channels`` are those by which complaints may come
    through its client; empty for any.
    """

    kind: ViewerKind
    name: str = ""
    scopes: frozenset[str] = field(default_factory=frozenset)
    client: str | None = None
    agency: str | None = None
    ticket: str | None = None
    merchants: frozenset[str] = frozenset()
    channels: tuple[str, ...] = ()

    def may(self, scope: str) -> bool:
        """Return whether ``scope`` was granted; the worker has all scopes."""
        return self.kind is ViewerKind.WORKER or scope in self.scopes


ANONYMOUS = Viewer(ViewerKind.ANONYMOUS, "anonymous")
WORKER = Viewer(ViewerKind.WORKER, "worker")
