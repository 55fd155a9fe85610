"""Authlib's authorization server with the hub's clients, tokens and client authentication. One per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc9207 import IssuerParameter

from hub.auth import access_tokens
from hub.auth.scopes import available_scopes
from hub.auth.server import client_authentication
from hub.auth.server.client_authentication import ByAssertion
from hub.auth.server.client_metadata import CLIENT_ID, GRANTS, RegisteredClient
from hub.auth.server.request_context import OAuthRequest, OAuthResponse, await_result, current
from hub.store.oauth import clients, grants
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_secret

REFRESH_TOKEN_LIFETIME = timedelta(days=14)
"""How long an unused refresh token is valid."""
_UNKNOWN_CREDENTIALS = "No client has this id and secret with this authentication method: check all three."
_AUTHENTICATION_FAILED = {
    "client_secret_basic": _UNKNOWN_CREDENTIALS,
    "client_secret_post": _UNKNOWN_CREDENTIALS,
    "none": "No public client has this id: other clients must send a secret or a signed assertion.",
}
"""One message for every reason, so that it does not reveal which ids exist."""


class IssuerInResponse(IssuerParameter):
    """Adds the issuer to each authorization response (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """Return the hub's issuer."""
        return self._issuer


class ClientSuspended(InvalidClientError):
    """The client has authenticated, and is suspended."""

    description = "This client is suspended: ask the operator of the hub."


class UnsupportedResponseType(OAuth2Error):
    """An unsupported ``response_type`` (RFC 6749, 4.1.2.1). Authlib's own description repeats the parameter."""

    error = "unsupported_response_type"
    description = "The only response_type is code."


class UnsupportedGrantType(OAuth2Error):
    """An unsupported ``grant_type`` (RFC 6749, 5.2); see ``UnsupportedResponseType``."""

    error = "unsupported_grant_type"
    description = f"The grant_type must be one of {', '.join(GRANTS)}."


class AuthlibServer(AuthorizationServer):
    """The synchronous core. Its methods run inside of a ``RequestContext`` only."""

    def __init__(self, issuer: str, *, second_factor: bool = False) -> None:
        super().__init__()
        self.issuer, self._second_factor = issuer, second_factor
        self.issuer_in_response = IssuerInResponse(issuer)
        self.issuer_in_response(self)
        self.register_token_generator("default", self._issue)
        self._client_auth = ClientAuthentication(self._find_client)
        self.register_client_auth_method("client_secret_basic", client_authentication.by_secret)
        self.register_client_auth_method("client_secret_post", client_authentication.by_secret)
        self.register_client_auth_method("none", client_authentication.by_id)
        self.register_client_auth_method("private_key_jwt", ByAssertion(issuer))

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """Return the client, unless it is suspended."""
        client = self._find_client(client_id)
        return client if client and not client.client.suspended_at else None

    def _find_client(self, client_id: str) -> RegisteredClient | None:
        """Return the client, suspended or not: it learns of its suspension only after it has authenticated."""
        cached = current.get().clients
        if client_id not in cached:
            # Malformed ids are not looked up: PostgreSQL refuses text with a NUL character.
            well_formed = CLIENT_ID.fullmatch(client_id)
            cached[client_id] = await_result(clients.get(current.get().db, client_id)) if well_formed else None
        client = cached[client_id]
        return RegisteredClient(client) if client else None

    def authenticate(self, request: OAuthRequest) -> RegisteredClient:
        """Return the authenticated client; ``InvalidClientError`` with the correct way to authenticate."""
        presented = client_authentication.read_credentials(request)
        try:
            client: RegisteredClient = self.authenticate_client(request, [presented.method])
        except InvalidClientError as error:
            if presented.method == "private_key_jwt" or isinstance(error, ClientSuspended):
                raise
            raise InvalidClientError(_AUTHENTICATION_FAILED[presented.method]) from None
        if request.form.get("client_id", client.client.id) != client.client.id:
            raise InvalidClientError("client_id does not match the authenticated client.")
        return client

    def authenticate_client(
        self, request: OAuthRequest, methods: Sequence[str], endpoint: str = "token"
    ) -> RegisteredClient:
        """Return the client for any grant.

        Public clients do not authenticate, so the response does not mention that they are suspended.
        """
        client: RegisteredClient = super().authenticate_client(request, methods, endpoint)
        if client.client.suspended_at:
            raise InvalidClientError() if client.client.public else ClientSuspended()
        return client

    def get_authorization_grant(self, request: OAuthRequest) -> Any:
        """Return the grant of an authorization request; the error for another one names the supported one."""
        try:
            return super().get_authorization_grant(request)
        except UnsupportedResponseTypeError as error:
            missing = "response_type" not in request.payload.data
            kind = InvalidRequestError if missing else UnsupportedResponseType
            raise kind(UnsupportedResponseType.description, redirect_uri=error.redirect_uri) from None

    def get_token_grant(self, request: OAuthRequest) -> Any:
        """Return the grant of a token request."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise UnsupportedGrantType() from None

    def _issue(
        self,
        grant_type: str,
        client: RegisteredClient,
        user: User | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """Return the body of a token response (RFC 6749, 5.1)."""
        context = current.get()
        scopes = self.allowed_scopes(client, user, (scope or "").split()) if user else _client_scopes(client, scope)
        seconds = client.client.token_seconds or access_tokens.LIFETIME
        token = access_tokens.issue(
            context.signer,
            self.issuer,
            client_id=client.client.id,
            subject=user.id if user else client.client.id,
            scopes=scopes,
            seconds=seconds,
            grant_id=context.granted.grant_id if context.granted else None,
            jkt=context.jkt,
        )
        body = {"access_token": token, "token_type": "DPoP" if context.jkt else "Bearer", "expires_in": seconds}
        if include_refresh_token:
            body["refresh_token"] = generate_secret()
        return {**body, "scope": " ".join(scopes)}

    def allowed_scopes(self, client: RegisteredClient, user: User, scopes: Sequence[str]) -> list[str]:
        """Return those of ``scopes`` that client and user both have now; ``openid`` needs no grant to the user."""
        permitted = {*available_scopes(user, second_factor=self._second_factor), "openid"} & {*client.client.scopes}
        return [scope for scope in scopes if scope in permitted]

    def save_token(self, token: dict[str, Any], request: OAuthRequest) -> None:
        """Store the refresh token, and that the client got a token; access tokens are not stored."""
        await_result(clients.record_token(current.get().db, request.client.client.id))
        granted, jkt = current.get().granted, current.get().jkt
        if granted and "refresh_token" in token:
            details = replace(granted, jkt=jkt or granted.jkt)
            await_result(
                grants.save_refresh_token(current.get().db, token["refresh_token"], details, REFRESH_TOKEN_LIFETIME)
            )

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """Return ``request``, which was parsed before the core was entered."""
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> OAuthResponse:
        """Return the HTTP response."""
        return OAuthResponse.from_authlib(status, body, headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there are no listeners."""


def _client_scopes(client: RegisteredClient, scope: str | None) -> list[str]:
    """Return a client's own scopes, without ``openid``, which needs a user."""
    return [name for name in client.get_allowed_scope(scope).split() if name != "openid"]
