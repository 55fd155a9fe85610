"""The three grants: client credentials, authorization code, and refresh token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import grants as authlib_grants
from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from hub.auth.server.authlib_server import REFRESH_TOKEN_LIFETIME, AuthlibServer
from hub.auth.server.client_metadata import RegisteredClient
from hub.auth.server.dpop import BadProof
from hub.auth.server.request_context import OAuthRequest, await_result, current
from hub.auth.server.sessions import SignedIn
from hub.store.oauth import grants, users
from hub.store.oauth.grants import GrantDetails
from hub.store.oauth.users import User
from hub.store.secret_hashes import generate_secret

CODE_LIFETIME = timedelta(seconds=60)
GRANT_LIFETIME = timedelta(days=90)
_REFRESH_REFUSED = "The refresh token belongs to another client, was used or revoked, or has expired: start again."


class _AuthenticatedClient:
    """Returns the client that was authenticated before the core was entered."""

    request: Any

    def authenticate_token_endpoint_client(self) -> RegisteredClient:
        """Return that client."""
        client: RegisteredClient = self.request.client
        return client


class ClientCredentials(_AuthenticatedClient, authlib_grants.ClientCredentialsGrant):
    """A client in its own name (RFC 6749, 4.4)."""

    def validate_token_request(self) -> None:
        """Refuse clients that cannot authenticate."""
        if self.request.client.client.public:
            raise UnauthorizedClientError("A public client cannot use client_credentials.")
        super().validate_token_request()


class IssuedCode:
    """An authorization code in the shape that Authlib requires."""

    code_challenge_method = "S256"

    def __init__(self, granted: GrantDetails) -> None:
        self.granted, self.code_challenge = granted, granted.challenge

    def get_redirect_uri(self) -> str:
        """Return the URI that the code was sent to."""
        return self.granted.redirect_uri

    def get_scope(self) -> str:
        """Return the scopes that the user granted."""
        return " ".join(self.granted.scopes)

    def get_nonce(self) -> str | None:
        """Return the client's nonce (OpenID Connect Core, 3.1.2.1)."""
        return self.granted.nonce

    def get_auth_time(self) -> int:
        """Return when the user signed in, in Unix seconds."""
        return int(self.granted.signed_in_at.timestamp())

    def get_acr(self) -> None:
        """Return None: the hub does not report the authentication context."""

    def get_amr(self) -> None:
        """Return None: the hub does not report the authentication methods."""


class AuthorizationCode(_AuthenticatedClient, authlib_grants.AuthorizationCodeGrant):
    """A user's grant by code (RFC 6749, 4.1). A code is used up when it is sent, even if the request fails."""

    server: AuthlibServer

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuthRequest, client: RegisteredClient) -> str:
        """Return the redirect URI; ``InvalidRequestError`` if it is not one of the client's."""
        uri = request.payload.data.get("redirect_uri", "")
        if not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri must equal, literally, one that the client is registered with.")
        return uri

    def generate_authorization_code(self) -> str:
        """Return 256 random bits."""
        return generate_secret()

    def save_authorization_code(self, code: str, request: OAuthRequest) -> None:
        """Open a grant, and store the code for a minute."""
        db, data = current.get().db, request.payload.data
        signed: SignedIn = request.user
        scopes = self.server.allowed_scopes(request.client, signed.user, request.scope.split())
        if not scopes:
            raise InvalidScopeError("The user has none of these scopes.", redirect_uri=data["redirect_uri"])
        client_id = request.client.get_client_id()
        granted = GrantDetails(
            grant_id=await_result(grants.open_grant(db, client_id, signed.user.id, GRANT_LIFETIME)),
            client_id=client_id,
            user_id=signed.user.id,
            scopes=tuple(scopes),
            resources=tuple(request.payload.datalist.get("resource", ())),
            jkt=data.get("dpop_jkt"),
            signed_in_at=signed.at,
            redirect_uri=data["redirect_uri"],
            nonce=data.get("nonce"),
            challenge=data["code_challenge"],
        )
        await_result(grants.save_code(db, code, granted, CODE_LIFETIME))

    def query_authorization_code(self, code: str, client: RegisteredClient) -> IssuedCode:
        """Redeem the code. A code that is sent twice may have been stolen, so its grant ends (RFC 6749, 4.1.2)."""
        db = current.get().db
        granted = await_result(grants.redeem_code(db, code))
        refusal = InvalidGrantError("The code belongs to another client, was used, or has expired: start again.")
        if granted is None or granted.client_id != client.get_client_id():
            raise refusal
        if granted.used:
            await_result(grants.revoke(db, granted.grant_id))
            raise refusal
        current.get().granted = granted
        return IssuedCode(granted)

    def validate_token_request(self) -> None:
        """Check, besides Authlib and PKCE, the key that the code is bound to (RFC 9449, 10)."""
        super().validate_token_request()
        granted = self.request.authorization_code.granted
        if granted.jkt and granted.jkt != current.get().jkt:
            raise BadProof("the code is bound to another key")

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """Do nothing: the code was used up when it was redeemed."""

    def authenticate_user(self, authorization_code: IssuedCode) -> User | None:
        """Return the user, unless suspended."""
        return _active_user(authorization_code.granted)


class S256(CodeChallenge):
    """PKCE with S256, required for every client (RFC 7636; RFC 9700, 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge."""
        data = grant.request.payload.data
        if "code_challenge" not in data or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send a code_challenge with code_challenge_method S256: PKCE is required.")
        super().validate_code_challenge(grant, redirect_uri)


class IssuedRefreshToken:
    """A refresh token in the shape that Authlib requires."""

    def __init__(self, token: str, granted: GrantDetails) -> None:
        self.token, self.granted = token, granted

    def check_client(self, client: RegisteredClient) -> bool:
        """Return whether it was issued to ``client``."""
        return self.granted.client_id == client.get_client_id()

    def get_scope(self) -> str:
        """Return the scopes that the user granted."""
        return " ".join(self.granted.scopes)


class RefreshToken(_AuthenticatedClient, authlib_grants.RefreshTokenGrant):
    """A new access token for a refresh token (RFC 6749, 6).

    A refresh token is replaced at each use. If a replaced one is used again, one of two parties has stolen it, so the
    grant ends (RFC 9700, 4.14). A token that is bound to the keys of its client is not replaced, as only the client can
    use it (FAPI 2.0, 5.3.2.1).
    """

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 - Authlib's name
        """Whether it is replaced."""
        return self.request.client.client.public or current.get().jkt is None

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedRefreshToken:
        """Return the refresh token with its row locked: of several concurrent requests one finds it unused."""
        db = current.get().db
        granted = await_result(grants.find_refresh_token(db, refresh_token))
        found = IssuedRefreshToken(refresh_token, granted) if granted else None
        if found is None or not found.check_client(self.request.client):
            raise InvalidGrantError(_REFRESH_REFUSED)
        if found.granted.used:
            await_result(grants.revoke(db, found.granted.grant_id))
            raise InvalidGrantError(_REFRESH_REFUSED)
        return found

    def validate_token_request(self) -> None:
        """Check, besides Authlib, the key that it is bound to, which only a confidential client may change."""
        super().validate_token_request()
        granted, jkt = self.request.refresh_token.granted, current.get().jkt
        changed = granted.jkt != jkt if self.request.client.client.public else jkt is None
        if granted.jkt and changed:
            raise BadProof("the refresh token is bound to another key")
        current.get().granted = granted

    def authenticate_user(self, refresh_token: IssuedRefreshToken) -> User:
        """Return the user; refuse a suspended one."""
        user = _active_user(refresh_token.granted)
        if user is None:
            raise InvalidGrantError("The user is suspended.")
        return user

    def revoke_old_credential(self, refresh_token: IssuedRefreshToken) -> None:
        """Mark it as used if it was replaced, otherwise extend it."""
        db = current.get().db
        if self.INCLUDE_NEW_REFRESH_TOKEN:
            await_result(grants.mark_refresh_token_used(db, refresh_token.token))
        else:
            await_result(grants.extend_refresh_token(db, refresh_token.token, REFRESH_TOKEN_LIFETIME))


def _active_user(granted: GrantDetails) -> User | None:
    user = await_result(users.get(current.get().db, granted.user_id))
    return user if user and not user.suspended_at else None
