"""The three grants: a client's own, a user's by code, and a new token for an old one."""

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

from hub.auth.server.core import UNUSED, allowed
from hub.auth.server.dpop import BadProof
from hub.auth.server.exchange import Asked, current, wait
from hub.auth.server.interaction import SignedIn
from hub.auth.server.registration import Registered
from hub.store.access import grants, users
from hub.store.access.grants import Granted
from hub.store.access.users import User
from hub.store.digests import fresh

CODE_LIFE = timedelta(seconds=60)
GRANT_LIFE = timedelta(days=90)
_NO_REFRESH = "The refresh token is not this client's, was used or taken back, or is too old: begin again."


class _Authenticated:
    """For each grant: the client has shown who it is before the core was entered."""

    request: Any

    def authenticate_token_endpoint_client(self) -> Registered:
        """That client."""
        client: Registered = self.request.client
        return client


class ClientCredentials(_Authenticated, authlib_grants.ClientCredentialsGrant):
    """A client in its own name (RFC 6749, 4.4)."""

    def validate_token_request(self) -> None:
        """Refuse clients that cannot show who they are."""
        if self.request.client.client.public:
            raise UnauthorizedClientError("A public client cannot use client_credentials.")
        super().validate_token_request()


class Code:
    """What a code stands for, as Authlib asks about it."""

    code_challenge_method = "S256"

    def __init__(self, granted: Granted) -> None:
        self.granted, self.code_challenge = granted, granted.challenge

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.granted.redirect_uri

    def get_scope(self) -> str:
        """What the user granted."""
        return " ".join(self.granted.scopes)

    def get_nonce(self) -> str | None:
        """The client's own mark (OpenID Connect Core, 3.1.2.1)."""
        return self.granted.nonce

    def get_auth_time(self) -> int:
        """When the user signed in, in Unix seconds."""
        return int(self.granted.signed_in_at.timestamp())

    def get_acr(self) -> None:
        """Nothing is said of how."""

    def get_amr(self) -> None:
        """Nothing is said of how."""


class AuthorizationCode(_Authenticated, authlib_grants.AuthorizationCodeGrant):
    """A user's grant by code (RFC 6749, 4.1). Whoever shows a code uses it up, whatever comes of it."""

    @staticmethod
    def validate_authorization_redirect_uri(request: Asked, client: Registered) -> str:
        """Where the answer goes; ``InvalidRequestError`` when the request names no address of the client's."""
        uri = request.payload.data.get("redirect_uri", "")
        if not client.check_redirect_uri(uri):
            raise InvalidRequestError("Send as redirect_uri one that the client was registered with, to the letter.")
        return uri

    def generate_authorization_code(self) -> str:
        """256 random bits."""
        return fresh()

    def save_authorization_code(self, code: str, request: Asked) -> None:
        """Open a grant, and keep the code for a minute."""
        db, data = current.get().db, request.payload.data
        signed: SignedIn = request.user
        scopes = allowed(request.client, signed.user, request.scope.split())
        if not scopes:
            raise InvalidScopeError("The user has none of these scopes.", redirect_uri=data["redirect_uri"])
        client_id = request.client.get_client_id()
        granted = Granted(
            grant_id=wait(grants.open_grant(db, client_id, signed.user.id, GRANT_LIFE)),
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
        wait(grants.put_code(db, code, granted, CODE_LIFE))

    def query_authorization_code(self, code: str, client: Registered) -> Code:
        """What the code stands for. A code shown twice has been stolen, so its grant ends (RFC 6749, 4.1.2)."""
        db = current.get().db
        granted = wait(grants.take_code(db, code))
        refusal = InvalidGrantError("The code is not this client's, was used, or is over a minute old: begin again.")
        if granted is None or granted.client_id != client.get_client_id():
            raise refusal
        if granted.used:
            wait(grants.revoke(db, granted.grant_id))
            raise refusal
        current.get().granted = granted
        return Code(granted)

    def validate_token_request(self) -> None:
        """Besides what Authlib and PKCE ask: the key the code is bound to (RFC 9449, 10)."""
        super().validate_token_request()
        granted = self.request.authorization_code.granted
        if granted.jkt and granted.jkt != current.get().jkt:
            raise BadProof("the code is bound to another key")

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was used up when it was shown."""

    def authenticate_user(self, authorization_code: Code) -> User | None:
        """The user, unless suspended."""
        return _active(authorization_code.granted)


class S256(CodeChallenge):
    """PKCE with S256, for every client (RFC 7636; RFC 9700, 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without one."""
        data = grant.request.payload.data
        if "code_challenge" not in data or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send a code_challenge with code_challenge_method S256: PKCE is required.")
        super().validate_code_challenge(grant, redirect_uri)


class Refreshable:
    """What a refresh token stands for, as Authlib asks about it."""

    def __init__(self, token: str, granted: Granted) -> None:
        self.token, self.granted = token, granted

    def check_client(self, client: Registered) -> bool:
        """Whether it was issued to ``client``."""
        return self.granted.client_id == client.get_client_id()

    def get_scope(self) -> str:
        """What the user granted."""
        return " ".join(self.granted.scopes)


class RefreshToken(_Authenticated, authlib_grants.RefreshTokenGrant):
    """A new access token for a refresh token (RFC 6749, 6).

    A refresh token is replaced each time, and one that comes back after that ends the grant, for
    one of two holders is a thief (RFC 9700, 4.14). Where client and token are bound to keys nobody
    else can use it, so it stays (FAPI 2.0, 5.3.2.1).
    """

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:
        """Whether it is replaced."""
        return self.request.client.client.public or current.get().jkt is None

    def authenticate_refresh_token(self, refresh_token: str) -> Refreshable:
        """What it stands for, with its row locked: of several who come at once, one finds it unused."""
        db = current.get().db
        granted = wait(grants.find_refresh(db, refresh_token))
        found = Refreshable(refresh_token, granted) if granted else None
        if found is None or not found.check_client(self.request.client):
            raise InvalidGrantError(_NO_REFRESH)
        if found.granted.used:
            wait(grants.revoke(db, found.granted.grant_id))
            raise InvalidGrantError(_NO_REFRESH)
        return found

    def validate_token_request(self) -> None:
        """Besides what Authlib asks: the key it is bound to, which only a confidential client may change."""
        super().validate_token_request()
        granted, jkt = self.request.refresh_token.granted, current.get().jkt
        changed = granted.jkt != jkt if self.request.client.client.public else jkt is None
        if granted.jkt and changed:
            raise BadProof("the refresh token is bound to another key")
        current.get().granted = granted

    def authenticate_user(self, refresh_token: Refreshable) -> User:
        """The user, unless suspended."""
        user = _active(refresh_token.granted)
        if user is None:
            raise InvalidGrantError("The user may not sign in any more.")
        return user

    def revoke_old_credential(self, refresh_token: Refreshable) -> None:
        """Use it up when it was replaced, else let it live on."""
        db = current.get().db
        if self.INCLUDE_NEW_REFRESH_TOKEN:
            wait(grants.use_refresh(db, refresh_token.token))
        else:
            wait(grants.prolong_refresh(db, refresh_token.token, UNUSED))


def _active(granted: Granted) -> User | None:
    user = wait(users.get(current.get().db, granted.user_id))
    return user if user and not user.suspended_at else None
