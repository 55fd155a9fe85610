"""Token introspection (RFC 7662) and revocation (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from hub.auth.access_tokens import is_client_valid
from hub.auth.server.client_metadata import RegisteredClient
from hub.auth.server.request_context import OAuthRequest, await_result, current
from hub.store.oauth import grants, users

OPERATE = "hub:operate"
"""The scope with which a client may introspect tokens of others."""


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token of the hub: an access token with its claims, or a refresh token with its grant."""

    client_id: str
    grant_id: UUID | None
    claims: dict[str, Any] | None
    user_id: str | None
    revoked: bool

    def check_client(self, client: RegisteredClient) -> bool:
        """Return whether it was issued to ``client``."""
        return self.client_id == client.get_client_id()

    def is_expired(self) -> bool:
        """Return False: expired tokens are not found."""
        return False

    def is_revoked(self) -> bool:
        """Return whether it was revoked, with its grant, its client or its user."""
        return self.revoked


class _TokenEndpoint:
    """What both endpoints share: the client was authenticated before, and the hint is optional."""

    def authenticate_endpoint_client(self, request: OAuthRequest) -> RegisteredClient:
        """Return that client."""
        client: RegisteredClient = request.client
        return client

    def check_params(self, request: OAuthRequest, client: RegisteredClient) -> None:
        """Require a token. An unknown hint is ignored (RFC 7009, 2.1)."""
        if "token" not in request.form:
            raise InvalidRequestError("Send the token.")

    def query_token(self, token: str, hint: str | None) -> FoundToken | None:
        """Return the token; the hint is not needed."""
        claims = current.get().claims
        return _find_access_token(claims) if claims else _find_refresh_token(token)


def _find_access_token(claims: dict[str, Any]) -> FoundToken:
    grant_id = UUID(claims["gid"]) if "gid" in claims else None
    user_id = None if claims["sub"] == claims["client_id"] else claims["sub"]
    revoked = await_result(grants.is_revoked(current.get().db, claims["jti"], grant_id))
    return FoundToken(claims["client_id"], grant_id, claims, user_id, revoked or _is_suspended(user_id))


def _find_refresh_token(token: str) -> FoundToken | None:
    granted = await_result(grants.find_refresh_token(current.get().db, token))
    if granted is None:
        return None
    revoked = granted.used or _is_suspended(granted.user_id)
    return FoundToken(granted.client_id, granted.grant_id, None, granted.user_id, revoked)


def _is_suspended(user_id: str | None) -> bool:
    user = await_result(users.get(current.get().db, user_id)) if user_id else None
    return user_id is not None and (user is None or user.suspended_at is not None)


class Revocation(_TokenEndpoint, RevocationEndpoint):
    """Revokes a token: an access token alone, a refresh token with everything of its grant."""

    def authenticate_token(self, request: OAuthRequest, client: RegisteredClient) -> FoundToken | None:
        """Return the token if it is the client's; None for an invalid token (RFC 7009, 2.2)."""
        try:
            found: FoundToken | None = super().authenticate_token(request, client)
        except InvalidGrantError:
            raise InvalidGrantError("The token was issued to another client.") from None
        return found

    def revoke_token(self, token: FoundToken, request: OAuthRequest) -> None:
        """Revoke the token, for every process."""
        db = current.get().db
        if token.claims:
            expires_at = datetime.fromtimestamp(token.claims["exp"], UTC)
            await_result(grants.revoke_token(db, token.claims["jti"], expires_at))
        elif token.grant_id:
            await_result(grants.revoke(db, token.grant_id))


class Introspection(_TokenEndpoint, IntrospectionEndpoint):
    """Returns whether a token is active, and its claims."""

    server: Any

    def check_permission(self, token: FoundToken, client: RegisteredClient, request: OAuthRequest) -> bool:
        """Return whether the client may introspect the token: its own, or with ``hub:operate`` any."""
        return not client.client.public and (token.check_client(client) or OPERATE in client.client.scopes)

    def introspect_token(self, token: FoundToken) -> dict[str, Any]:
        """Return the claims (RFC 7662, 2.2); for a refresh token only that it is active."""
        # A suspended client is not found, so none of its tokens is active.
        client = self.server.query_client(token.client_id)
        if client is None or (token.claims and not is_client_valid(token.claims, client.client)):
            return {"active": False}
        if token.claims is None:
            return {"active": True, "client_id": token.client_id, "token_type": "refresh_token"}
        return {"active": True, "token_type": "DPoP" if "cnf" in token.claims else "Bearer", **token.claims}
