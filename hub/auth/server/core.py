"""Authlib's server with the hub's clients, tokens and ways to authenticate. One serves a whole process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc9207 import IssuerParameter

from hub.auth import access
from hub.auth.server import authentication
from hub.auth.server.authentication import ByAssertion
from hub.auth.server.exchange import Asked, Reply, current, wait
from hub.auth.server.registration import GRANTS, WELL_FORMED, Registered
from hub.store.access import clients, grants
from hub.store.access.users import User
from hub.store.digests import fresh

UNUSED = timedelta(days=14)
"""How long a refresh token lives without being used."""
_UNKNOWN = "No client has this id with this secret, sent in this way: check all three."
_NOT_SHOWN = {
    "client_secret_basic": _UNKNOWN,
    "client_secret_post": _UNKNOWN,
    "none": "No public client has this id: other clients send a secret or a signed assertion.",
}
"""One sentence for every reason, so that nobody learns which ids there are."""


class Issuer(IssuerParameter):
    """Says in each answer that goes through a browser who gave it (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """The hub."""
        return self._issuer


class NoSuchResponse(OAuth2Error):
    """A ``response_type`` there is not (RFC 6749, 4.1.2.1). Authlib's own description repeats what was asked."""

    error = "unsupported_response_type"
    description = "The only response_type is code."


class NoSuchGrant(OAuth2Error):
    """A ``grant_type`` there is not (RFC 6749, 5.2); see ``NoSuchResponse``."""

    error = "unsupported_grant_type"
    description = f"A grant_type is one of {', '.join(GRANTS)}."


class Core(AuthorizationServer):
    """The synchronous core. Its methods run inside an ``Exchange`` only."""

    def __init__(self, issuer: str) -> None:
        super().__init__()
        self.issuer = issuer
        self.says_issuer = Issuer(issuer)
        self.says_issuer(self)
        self.register_token_generator("default", self._issue)
        self.register_client_auth_method("client_secret_basic", authentication.by_secret)
        self.register_client_auth_method("client_secret_post", authentication.by_secret)
        self.register_client_auth_method("none", authentication.by_id)
        self.register_client_auth_method("private_key_jwt", ByAssertion(issuer))

    def query_client(self, client_id: str) -> Registered | None:
        """The client, unless it is suspended."""
        known = current.get().known
        if client_id not in known:
            # What is no id is not asked for either: PostgreSQL knows no text with a zero in it.
            well_formed = WELL_FORMED.fullmatch(client_id)
            known[client_id] = wait(clients.get(current.get().db, client_id)) if well_formed else None
        client = known[client_id]
        return Registered(client) if client and not client.suspended_at else None

    def authenticated(self, asked: Asked) -> Registered:
        """The client that shows who it is; ``InvalidClientError`` with what it should have done."""
        told = authentication.shown(asked)
        try:
            client: Registered = self.authenticate_client(asked, [told.method])
        except InvalidClientError:
            if told.method == "private_key_jwt":
                raise
            raise InvalidClientError(_NOT_SHOWN[told.method]) from None
        if asked.form.get("client_id", client.client.id) != client.client.id:
            raise InvalidClientError("client_id is not of the client that authenticates.")
        return client

    def get_authorization_grant(self, request: Asked) -> Any:
        """The grant an authorization request is for; whoever asks for another is told which there is."""
        try:
            return super().get_authorization_grant(request)
        except UnsupportedResponseTypeError as error:
            missing = "response_type" not in request.payload.data
            kind = InvalidRequestError if missing else NoSuchResponse
            raise kind(NoSuchResponse.description, redirect_uri=error.redirect_uri) from None

    def get_token_grant(self, request: Asked) -> Any:
        """The grant a token is asked for by."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise NoSuchGrant() from None

    def _issue(
        self,
        grant_type: str,
        client: Registered,
        user: User | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """The body of a token response (RFC 6749, 5.1)."""
        now = current.get()
        scopes = allowed(client, user, (scope or "").split()) if user else _for_a_client(client, scope)
        seconds = client.client.token_seconds or access.LIFE
        token = access.issue(
            now.signer,
            self.issuer,
            client_id=client.client.id,
            subject=user.id if user else client.client.id,
            scopes=scopes,
            seconds=seconds,
            grant_id=now.granted.grant_id if now.granted else None,
            jkt=now.jkt,
        )
        body = {"access_token": token, "token_type": "DPoP" if now.jkt else "Bearer", "expires_in": seconds}
        if include_refresh_token:
            body["refresh_token"] = fresh()
        return {**body, "scope": " ".join(scopes)}

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        """Keep the refresh token; an access token is kept nowhere."""
        granted, jkt = current.get().granted, current.get().jkt
        if granted and "refresh_token" in token:
            kept = replace(granted, jkt=jkt or granted.jkt)
            wait(grants.put_refresh(current.get().db, token["refresh_token"], kept, UNUSED))

    def create_oauth2_request(self, request: Asked) -> Asked:
        """Requests are read before the core is entered."""
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Reply:
        """An HTTP response."""
        return Reply.of(status, body, headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def allowed(client: Registered, user: User, scopes: Sequence[str]) -> list[str]:
    """Those of ``scopes`` that the client and the user both have now; everybody may sign in."""
    may = {*user.scopes, "openid"} & {*client.client.scopes}
    return [scope for scope in scopes if scope in may]


def _for_a_client(client: Registered, scope: str | None) -> list[str]:
    """A client's own scopes, without the one that only a person can give."""
    return [name for name in client.get_allowed_scope(scope).split() if name != "openid"]
