"""Client authentication: by a signed assertion, by a secret, or, for public clients, by the id alone."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from hub.auth.jwks import UNREADABLE, Jwks
from hub.auth.server.client_metadata import RegisteredClient, parse_jwks
from hub.auth.server.parameters import to_error_text
from hub.auth.server.request_context import OAuthRequest, await_result, current
from hub.errors import TryLater
from hub.store.oauth import replay
from hub.store.oauth.clients import Client
from hub.store.secret_hashes import digest

ALGORITHMS = ("ES256", "ES384", "PS256", "RS256", "Ed25519")
FAPI_ALGORITHMS = ("ES256", "PS256", "Ed25519")
"""Those for clients that must bind their tokens and therefore follow FAPI 2.0 (5.4.1)."""
MAX_ASSERTION_LIFETIME = 300
"""The maximum lifetime of an assertion in seconds."""
KEYS_COOLDOWN = 60
"""Seconds between two fetches of a client's published keys."""
CLOCK_SKEW = 10
"""Seconds that the hub's clock may be behind a client's."""

FindClient = Callable[[str], RegisteredClient | None]


@dataclass(frozen=True, slots=True)
class PresentedCredentials:
    """The credentials in a request: the method, and id and secret if present."""

    method: str
    client_id: str
    secret: str = ""


def read_credentials(request: OAuthRequest) -> PresentedCredentials:
    """Return the credentials in a request; ``InvalidRequestError`` for several methods (RFC 6749, 2.3)."""
    form = request.form
    basic = _parse_basic(request.headers.get("authorization", ""))
    methods = [
        basic is not None,
        "client_secret" in form,
        "client_assertion" in form or "client_assertion_type" in form,
    ]
    if sum(methods) > 1:
        raise InvalidRequestError("Use one way to authenticate the client, not several.")
    if basic:
        return PresentedCredentials("client_secret_basic", *basic)
    if methods[1]:
        return PresentedCredentials("client_secret_post", form.get("client_id", ""), form["client_secret"])
    if methods[2] and form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClientError(f"The client_assertion_type must be {ASSERTION_TYPE}")
    return PresentedCredentials("private_key_jwt" if methods[2] else "none", form.get("client_id", ""))


def _parse_basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidClientError(
            "The Authorization header does not contain a client id and secret in base64."
        ) from None
    return unquote_plus(name), unquote_plus(secret)


def by_secret(find: FindClient, request: OAuthRequest) -> RegisteredClient | None:
    """Return the client with the presented secret, for both methods with a secret."""
    presented = read_credentials(request)
    client = find(presented.client_id)
    return client if client and client.check_client_secret(presented.secret) else None


def by_id(find: FindClient, request: OAuthRequest) -> RegisteredClient | None:
    """Return the public client with the presented id."""
    return find(read_credentials(request).client_id)


class KeyNotFetched(Exception):
    """A key that a client publishes is not known yet; ``fetch`` may find it."""

    def __init__(self, keys: Jwks, kid: str | None) -> None:
        super().__init__()
        self._keys, self._kid = keys, kid

    async def fetch(self) -> None:
        """Fetch the key; ``InvalidClientError`` if the keys are not available."""
        try:
            await self._keys.find(self._kid)
        except TryLater:
            raise InvalidClientError("The client's keys could not be fetched from its jwks_uri; try again.") from None


class ByAssertion(JWTBearerClientAssertion):
    """Authentication by a signed assertion (RFC 7523), with the issuer alone as audience (FAPI 2.0, 5.3.2.1)."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, issuer: str) -> None:
        super().__init__(leeway=CLOCK_SKEW)
        self._issuer = issuer
        self._published: dict[str, Jwks] = {}

    def get_audiences(self) -> list[str]:
        """Return the issuer as the only audience."""
        return [self._issuer]

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims without verifying them."""
        try:
            header, claims = super().extract_assertion(assertion)
        except UNREADABLE:
            raise InvalidClientError("The assertion is not a signed JWT.") from None
        return header, claims

    def resolve_client_public_key(self, client: RegisteredClient) -> RegisteredClient:
        """Return the client itself: the header of the assertion selects one of its keys later."""
        # Checked before a key is looked up, because clients of other methods have none.
        self.authenticate_client(client)
        return client

    def process_assertion_claims(self, assertion: str, client: RegisteredClient) -> dict[str, Any]:
        """Return the claims if signature and claims are valid."""
        header, _ = self.extract_assertion(assertion)
        key = self._find_key(client.client, header.get("kid"))
        algorithms = FAPI_ALGORITHMS if client.client.must_bind else ALGORITHMS
        try:
            claims = jwt.decode(assertion, key, [*algorithms]).claims
        except JoseError as error:
            raise InvalidClientError(
                to_error_text(f"The assertion is refused: {error.description or error.error}")
            ) from None
        except UNREADABLE:
            raise InvalidClientError("The assertion is not a signed JWT.") from None
        self.verify_claims(claims)
        return claims

    def _find_key(self, client: Client, kid: object) -> Key:
        """Return the key that the header names, or the only one, of those that the client registered or publishes."""
        if not isinstance(kid, str | None):
            key = None
        elif client.jwks_uri:
            key = self._published_key(client.jwks_uri, kid)
        else:
            matching = [key for key in parse_jwks(client.jwks).keys if kid is None or key.kid == kid]
            key = matching[0] if len(matching) == 1 else None
        if key is None:
            raise InvalidClientError("The assertion's header must name one of the client's keys by kid.")
        return key

    def _published_key(self, uri: str, kid: str | None) -> Key | None:
        published = self._published.setdefault(uri, Jwks(uri, KEYS_COOLDOWN))
        key = published.known(kid)
        if key is None and not current.get().keys_fetched:
            raise KeyNotFetched(published, kid)
        return key

    def verify_claims(self, claims: Any) -> None:
        """Check, besides Authlib's checks: one audience, a short lifetime, and a new id."""
        expires, now = claims.get("exp"), time.time()
        if claims.get("aud") != self._issuer:
            raise InvalidClientError(f"The assertion's aud must be the string {self._issuer}")
        if not isinstance(expires, int | float) or expires > now + MAX_ASSERTION_LIFETIME + CLOCK_SKEW:
            raise InvalidClientError(f"The assertion may be valid for {MAX_ASSERTION_LIFETIME} s at most: see its exp.")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise InvalidClientError("The assertion needs a jti.")
        super().verify_claims(claims)

    def validate_jti(self, claims: Any, jti: str) -> bool:
        """Return True, or raise for a used id. The connection commits by itself, so the id stays used in any case."""
        until = datetime.fromtimestamp(claims["exp"] + CLOCK_SKEW, UTC)
        if not await_result(replay.record_first_use(current.get().db, digest("assertion", claims["sub"], jti), until)):
            raise InvalidClientError("The assertion was used before: sign a new one for each request.")
        return True
