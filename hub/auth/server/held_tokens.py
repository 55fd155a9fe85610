"""Tokens that somebody shows to learn of them (RFC 7662) or to take them back (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from hub.auth.access import stands
from hub.auth.server.exchange import Asked, current, wait
from hub.auth.server.registration import Registered
from hub.store.access import grants, users

OPERATE = "hub:operate"
"""The scope with which a client may ask about the tokens of others."""


@dataclass(frozen=True, slots=True)
class Held:
    """A token of ours: an access token with its claims, or a refresh token with its grant."""

    client_id: str
    grant_id: UUID | None
    claims: dict[str, Any] | None
    user_id: str | None
    revoked: bool

    def check_client(self, client: Registered) -> bool:
        """Whether it was issued to ``client``."""
        return self.client_id == client.get_client_id()

    def is_expired(self) -> bool:
        """False: what has expired is not found."""
        return False

    def is_revoked(self) -> bool:
        """Whether it was taken back, with its grant, its client or its user."""
        return self.revoked


class _Found:
    """For both endpoints: the client was authenticated before, and a hint is only a hint."""

    def authenticate_endpoint_client(self, request: Asked) -> Registered:
        """That client."""
        client: Registered = request.client
        return client

    def check_params(self, request: Asked, client: Registered) -> None:
        """There has to be a token. A hint that is not known is passed over (RFC 7009, 2.1)."""
        if "token" not in request.form:
            raise InvalidRequestError("Send the token.")

    def query_token(self, token: str, hint: str | None) -> Held | None:
        """The token, whatever the hint says."""
        claims = current.get().claims
        return _access(claims) if claims else _refresh(token)


def _access(claims: dict[str, Any]) -> Held:
    grant_id = UUID(claims["gid"]) if "gid" in claims else None
    user_id = None if claims["sub"] == claims["client_id"] else claims["sub"]
    revoked = wait(grants.is_revoked(current.get().db, claims["jti"], grant_id))
    return Held(claims["client_id"], grant_id, claims, user_id, revoked or _suspended(user_id))


def _refresh(token: str) -> Held | None:
    granted = wait(grants.find_refresh(current.get().db, token))
    if granted is None:
        return None
    revoked = granted.used or _suspended(granted.user_id)
    return Held(granted.client_id, granted.grant_id, None, granted.user_id, revoked)


def _suspended(user_id: str | None) -> bool:
    user = wait(users.get(current.get().db, user_id)) if user_id else None
    return user_id is not None and (user is None or user.suspended_at is not None)


class Revocation(_Found, RevocationEndpoint):
    """Takes a token back: an access token alone, a refresh token with everything of its grant."""

    def authenticate_token(self, request: Asked, client: Registered) -> Held | None:
        """The token, if it is the client's; None for what is no token any more (RFC 7009, 2.2)."""
        try:
            held: Held | None = super().authenticate_token(request, client)
        except InvalidGrantError:
            raise InvalidGrantError("The token was issued to another client.") from None
        return held

    def revoke_token(self, token: Held, request: Asked) -> None:
        """From now on it is refused, by every process."""
        db = current.get().db
        if token.claims:
            expires_at = datetime.fromtimestamp(token.claims["exp"], UTC)
            wait(grants.revoke_token(db, token.claims["jti"], expires_at))
        elif token.grant_id:
            wait(grants.revoke(db, token.grant_id))


class Introspection(_Found, IntrospectionEndpoint):
    """Says of a token whether it holds and what it is for."""

    server: Any

    def check_permission(self, token: Held, client: Registered, request: Asked) -> bool:
        """A client learns of its own tokens; of others' only who operates the hub."""
        return not client.client.public and (token.check_client(client) or OPERATE in client.client.scopes)

    def introspect_token(self, token: Held) -> dict[str, Any]:
        """The claims (RFC 7662, 2.2); of a refresh token no more than that it holds."""
        # A suspended client is not found, and then nothing of it holds.
        client = self.server.query_client(token.client_id)
        if client is None or (token.claims and not stands(token.claims, client.client)):
            return {"active": False}
        if token.claims is None:
            return {"active": True, "client_id": token.client_id, "token_type": "refresh_token"}
        return {"active": True, "token_type": "DPoP" if "cnf" in token.claims else "Bearer", **token.claims}
