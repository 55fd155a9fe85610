"""What one viewer may ask: how often, how costly, and for a client that is pinned, which operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from graphql import GraphQLError

from hub.store.access.clients import Client
from hub.store.access.documents import document_id
from hub.viewer import Viewer, ViewerKind
from hub.web.envelope import Asked, Unfit
from hub.web.gate import Refused
from hub.web.limits import refusal
from hub.web.rates import Rates, network

PEOPLE = frozenset({ViewerKind.OFFICER, ViewerKind.CITIZEN})
NAMELESS = frozenset({ViewerKind.ANONYMOUS, ViewerKind.HOLDER})


class Agreed(Protocol):
    """Knows what was agreed with clients, as ``hub.web.terms.Terms`` does."""

    async def of(self, client_id: str) -> Client | None:
        """The client, if there is one that is not suspended."""

    async def document(self, client_id: str, name: str) -> str | None:
        """A text it registered."""

    async def suspended(self, user_id: str) -> bool:
        """Whether a user with this id is suspended."""


class TakenBack(Exception):
    """The client or the user was suspended while the request was answered."""

    def __init__(self) -> None:
        super().__init__("The token was taken back.")


class Allowances:
    """Gives each request its allowance."""

    def __init__(self, rates: Rates, terms: Agreed) -> None:
        self._rates, self._terms = rates, terms

    async def enter(self, viewer: Viewer, address: str) -> Allowance:
        """Count one request of ``viewer`` from ``address``; raises ``TooMany``.

        A partner's program has the budgets of its client. A person who came through a client has
        budgets of one's own, so that a busy front-end does not shut its users out.
        """
        client = await self._terms.of(viewer.client) if viewer.client else None
        partner = None if viewer.kind in PEOPLE else client
        spared = partner is None and viewer.kind in NAMELESS and self._rates.spares(address)
        whose = _whose(viewer, partner, address)
        allowance = Allowance(viewer, self._rates, self._terms, client, partner, whose, spared)
        if not spared:
            await self._rates.requests(allowance.whose, partner.requests_per_minute if partner else None)
        return allowance


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the viewer of one request may use: ``whose`` budgets, or none where nobody counts (``spared``)."""

    viewer: Viewer
    _rates: Rates
    _terms: Agreed
    client: Client | None
    partner: Client | None
    whose: str
    spared: bool

    @property
    def pinned(self) -> bool:
        """Whether the client may send its registered operations only."""
        return self.client is not None and self.client.documents_only

    async def operation(self, asked: Asked) -> Asked:
        """``asked`` with its text; ``Refused`` where its id is unknown, or where the client may not send it."""
        name, text = asked.document_id, asked.query
        if text and name and name != document_id(text):
            raise Unfit(400, "BAD_REQUEST", "The document's id is not the SHA-256 of the text that came with it.")
        if text and not self.pinned:
            return asked
        known = await self._terms.document(self.client.id, name or document_id(text)) if self.client else None
        if known is not None:
            return replace(asked, query=known)
        raise Refused(_not_allowed() if self.pinned and text else _not_found())

    async def check(self) -> None:
        """Raise ``TakenBack`` once the client or the user is suspended, for what takes longer than a moment."""
        gone = self.client is not None and await self._terms.of(self.client.id) is None
        if gone or await self._terms.suspended(self.viewer.name):
            raise TakenBack

    async def charge(self, cost: int) -> int | None:
        """Charge the estimated ``cost``; what is left of this minute. Raises ``TooMany``, or ``Refused`` if never."""
        if self.spared:
            return None
        minute = self.partner.cost_per_minute if self.partner else self._rates.budgets.cost
        if cost > minute:
            sentence = f"This client may spend {minute} a minute; this operation is estimated at {cost}."
            raise Refused(refusal("QUERY_TOO_COMPLEX", sentence, minute, cost))
        return await self._rates.cost(self.whose, cost, minute)


def _whose(viewer: Viewer, partner: Client | None, address: str) -> str:
    if partner:
        return f"client {partner.id}"
    return f"address {network(address)}" if viewer.kind in NAMELESS else f"{viewer.kind.value} {viewer.name}"


def _not_found() -> GraphQLError:
    # Apollo's clients know the sentence and the code, and then send the text too.
    return GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})


def _not_allowed() -> GraphQLError:
    sentence = "This client may send its registered operations only, and this is none of them."
    return GraphQLError(sentence, extensions={"code": "DOCUMENT_NOT_ALLOWED"})
