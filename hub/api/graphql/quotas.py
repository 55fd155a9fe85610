"""Quotas of a viewer: requests and cost per minute, and the operations that a client may send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from graphql import GraphQLError

from hub.api.graphql.limits import limit_error
from hub.api.graphql.request import GraphQLRequest
from hub.api.graphql.validation import OperationRejected
from hub.auth.authentication import REVOKED
from hub.messages import Bilingual
from hub.store.oauth.clients import Client
from hub.store.oauth.persisted_operations import document_id
from hub.viewer import Viewer, ViewerKind
from hub.web.rate_limits import RateLimiter, network
from hub.web.request_error import RequestError

PERSON_KINDS = frozenset({ViewerKind.OFFICER, ViewerKind.CITIZEN})
ANONYMOUS_KINDS = frozenset({ViewerKind.ANONYMOUS, ViewerKind.HOLDER})


class ClientPolicyLookup(Protocol):
    """The policies of clients; ``hub.web.client_policies.ClientPolicies`` implements it."""

    async def get(self, client_id: str) -> Client | None:
        """Return the client; None if it does not exist or is suspended."""

    async def persisted_operation(self, client_id: str, name: str) -> str | None:
        """Return the text of an operation that the client registered; None if there is none."""

    async def is_suspended(self, user_id: str) -> bool:
        """Return whether a user is suspended."""


class CredentialRevoked(Exception):
    """The client or the user was suspended while the request was served."""

    def __init__(self) -> None:
        super().__init__(REVOKED)


class Quotas:
    """Opens the quota of each request."""

    def __init__(self, rates: RateLimiter, policies: ClientPolicyLookup) -> None:
        self._rates, self._policies = rates, policies

    async def registered_client(self, viewer: Viewer) -> Client | None:
        """Return the client of ``viewer`` if it is registered in the hub."""
        return await self._policies.get(viewer.client) if viewer.client else None

    async def open(self, viewer: Viewer, address: str) -> Quota:
        """Count a request of ``viewer`` from ``address`` and return its quota; raises ``RateLimited``.

        A partner uses the budgets of its client. A person who uses a client has budgets of their own, so that a busy
        front-end does not lock its users out.
        """
        client = await self.registered_client(viewer)
        partner = None if viewer.kind in PERSON_KINDS else client
        exempt = partner is None and viewer.kind in ANONYMOUS_KINDS and self._rates.is_exempt(address)
        account = _account(viewer, partner, address)
        quota = Quota(viewer, self._rates, self._policies, client, partner, account, exempt)
        if not exempt:
            await self._rates.requests(quota.account, partner.requests_per_minute if partner else None)
        return quota


@dataclass(frozen=True, slots=True)
class Quota:
    """The budgets of one request: those of ``account``, or none if the viewer's address is ``exempt``."""

    viewer: Viewer
    _rates: RateLimiter
    _policies: ClientPolicyLookup
    client: Client | None
    partner: Client | None
    account: str
    exempt: bool

    @property
    def persisted_only(self) -> bool:
        """Whether the client may send only its registered operations."""
        return self.client is not None and self.client.documents_only

    async def resolve_operation(self, request: GraphQLRequest) -> GraphQLRequest:
        """Return ``request`` with the text of its operation.

        Raises ``OperationRejected`` when the id is unknown or the client may not send this operation.
        """
        name, text = request.document_id, request.query
        if text and name and name != document_id(text):
            raise RequestError(
                400,
                "BAD_REQUEST",
                Bilingual(
                    "The document's id is not the SHA-256 of the text in the request.",
                    "Id dokumen bukan SHA-256 dari teks yang menyertainya.",
                ),
            )
        if text and not self.persisted_only:
            return request
        known = (
            await self._policies.persisted_operation(self.client.id, name or document_id(text)) if self.client else None
        )
        if known is not None:
            return replace(request, query=known)
        raise OperationRejected(_operation_not_registered() if self.persisted_only and text else _unknown_operation())

    async def check(self) -> None:
        """Raise ``CredentialRevoked`` if the client or the user is suspended; for long responses."""
        suspended = self.client is not None and await self._policies.get(self.client.id) is None
        if suspended or await self._policies.is_suspended(self.viewer.name):
            raise CredentialRevoked

    async def charge(self, cost: int, charged: int = 0) -> int | None:
        """Charge the estimated ``cost``, less what was ``charged`` before; return what is left of this minute.

        Raises ``RateLimited``, or ``OperationRejected`` if the cost exceeds the budget of a whole minute.
        """
        if self.exempt:
            return None
        minute = self.partner.cost_per_minute if self.partner else self._cost_per_minute()
        if cost > minute:
            sentence = Bilingual(
                f"This client may spend {minute} a minute; this operation is estimated at {cost}.",
                f"Klien ini boleh memakai {minute} per menit; operasi ini diperkirakan {cost}.",
            )
            raise OperationRejected(limit_error("QUERY_TOO_COMPLEX", sentence, minute, cost))
        return await self._rates.cost(self.account, max(cost - charged, 0), minute)

    async def requests_left(self) -> dict[str, int] | None:
        """Return the requests of a minute and how many are left, for ``extensions``; None if they are not counted."""
        if self.exempt:
            return None
        limit = self.partner.requests_per_minute if self.partner else self._rates.limits.requests
        return {"limit": limit, "remaining": await self._rates.requests_left(self.account, limit)}

    def _cost_per_minute(self) -> int:
        budgets = self._rates.limits
        return min(budgets.anonymous, budgets.cost) if self.viewer.kind in ANONYMOUS_KINDS else budgets.cost


def _account(viewer: Viewer, partner: Client | None, address: str) -> str:
    if partner:
        return f"client {partner.id}"
    return f"address {network(address)}" if viewer.kind in ANONYMOUS_KINDS else f"{viewer.kind.value} {viewer.name}"


def _unknown_operation() -> GraphQLError:
    # Apollo's clients recognise this message and code, and then send the text too.
    return GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})


def _operation_not_registered() -> GraphQLError:
    sentence = Bilingual(
        "This client may send its registered operations only, and this is none of them.",
        "Klien ini hanya boleh mengirim operasinya yang terdaftar, dan ini bukan salah satunya.",
    )
    return GraphQLError(sentence, extensions={"code": "DOCUMENT_NOT_ALLOWED"})
