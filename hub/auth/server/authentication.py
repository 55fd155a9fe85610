"""Shows who a client is: by a signed assertion, by a secret, or, for public ones, by its id alone."""

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
from hub.auth.server.exchange import Asked, current, wait
from hub.auth.server.parameters import said
from hub.auth.server.registration import Registered, check_keys
from hub.errors import TryLater
from hub.store.access import once
from hub.store.access.clients import Client
from hub.store.digests import digest

ALGORITHMS = ("ES256", "ES384", "PS256", "RS256", "Ed25519")
STRICT = ("ES256", "PS256", "Ed25519")
"""Those for clients that have to bind their tokens, which are held to FAPI 2.0 (5.4.1)."""
LONGEST_ASSERTION = 300
"""Seconds an assertion may live."""
COOLDOWN = 60
"""Seconds between two looks at the keys a client publishes."""
EARLY = 10
"""Seconds our clock may be behind a client's."""

Find = Callable[[str], Registered | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of its client: the method, and id and secret where there are any."""

    method: str
    client_id: str
    secret: str = ""


def shown(asked: Asked) -> Shown:
    """The one way a request shows who it is; ``InvalidRequestError`` when there are two (RFC 6749, 2.3)."""
    form = asked.form
    basic = _basic(asked.headers.get("authorization", ""))
    ways = [basic is not None, "client_secret" in form, "client_assertion" in form or "client_assertion_type" in form]
    if sum(ways) > 1:
        raise InvalidRequestError("Use one way to authenticate the client, not several.")
    if basic:
        return Shown("client_secret_basic", *basic)
    if ways[1]:
        return Shown("client_secret_post", form.get("client_id", ""), form["client_secret"])
    if ways[2] and form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClientError(f"The client_assertion_type has to be {ASSERTION_TYPE}")
    return Shown("private_key_jwt" if ways[2] else "none", form.get("client_id", ""))


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidClientError("The Authorization header holds no client id and secret in base64.") from None
    return unquote_plus(name), unquote_plus(secret)


def by_secret(find: Find, asked: Asked) -> Registered | None:
    """The client whose secret is shown, for both ways to show one."""
    told = shown(asked)
    client = find(told.client_id)
    return client if client and client.check_client_secret(told.secret) else None


def by_id(find: Find, asked: Asked) -> Registered | None:
    """A public client."""
    return find(shown(asked).client_id)


class Unfetched(Exception):
    """A key that a client publishes is not known yet, and may be after ``fetch``."""

    def __init__(self, keys: Jwks, kid: str | None) -> None:
        super().__init__()
        self._keys, self._kid = keys, kid

    async def fetch(self) -> None:
        """Ask for it; ``InvalidClientError`` where nothing is to be had."""
        try:
            await self._keys.find(self._kid)
        except TryLater:
            raise InvalidClientError("The client's keys could not be had from its jwks_uri; try again.") from None


class ByAssertion(JWTBearerClientAssertion):
    """A client that signs (RFC 7523), with the issuer alone as the audience (FAPI 2.0, 5.3.2.1)."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, issuer: str) -> None:
        super().__init__(leeway=EARLY)
        self._issuer = issuer
        self._published: dict[str, Jwks] = {}

    def get_audiences(self) -> list[str]:
        """The issuer."""
        return [self._issuer]

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims as they stand there, before anything is known of them."""
        try:
            header, claims = super().extract_assertion(assertion)
        except UNREADABLE:
            raise InvalidClientError("The assertion is no signed JWT.") from None
        return header, claims

    def resolve_client_public_key(self, client: Registered) -> Registered:
        """The client itself: which of its keys is meant is known only with the assertion's header."""
        # Before a key is looked for, which other clients have not.
        self.authenticate_client(client)
        return client

    def process_assertion_claims(self, assertion: str, client: Registered) -> dict[str, Any]:
        """The claims, once the signature and they themselves hold."""
        header, _ = self.extract_assertion(assertion)
        key = self._key(client.client, header.get("kid"))
        algorithms = STRICT if client.client.must_bind else ALGORITHMS
        try:
            claims = jwt.decode(assertion, key, [*algorithms]).claims
        except JoseError as error:
            raise InvalidClientError(said(f"The assertion is refused: {error.description or error.error}")) from None
        except UNREADABLE:
            raise InvalidClientError("The assertion is no signed JWT.") from None
        self.verify_claims(claims)
        return claims

    def _key(self, client: Client, kid: object) -> Key:
        """The key a header names, or the only one there is, of those the client registered or publishes."""
        if not isinstance(kid, str | None):
            key = None
        elif client.jwks_uri:
            key = self._published_key(client.jwks_uri, kid)
        else:
            fitting = [key for key in check_keys(client.jwks).keys if kid is None or key.kid == kid]
            key = fitting[0] if len(fitting) == 1 else None
        if key is None:
            raise InvalidClientError("The assertion's header has to name one of the client's keys by kid.")
        return key

    def _published_key(self, uri: str, kid: str | None) -> Key | None:
        published = self._published.setdefault(uri, Jwks(uri, COOLDOWN))
        key = published.known(kid)
        if key is None and not current.get().fetched:
            raise Unfetched(published, kid)
        return key

    def verify_claims(self, claims: Any) -> None:
        """Besides what Authlib checks: one audience, a short life, and an id that is new."""
        expires, now = claims.get("exp"), time.time()
        if claims.get("aud") != self._issuer:
            raise InvalidClientError(f"The assertion's aud has to be the string {self._issuer}")
        if not isinstance(expires, int | float) or expires > now + LONGEST_ASSERTION + EARLY:
            raise InvalidClientError(f"The assertion may live {LONGEST_ASSERTION} s at most: see its exp.")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise InvalidClientError("The assertion needs a jti.")
        super().verify_claims(claims)

    def validate_jti(self, claims: Any, jti: str) -> bool:
        """True, or an error for one used before. The connection commits by itself, so that a failure undoes nothing."""
        until = datetime.fromtimestamp(claims["exp"] + EARLY, UTC)
        if not wait(once.first_time(current.get().db, digest("assertion", claims["sub"], jti), until)):
            raise InvalidClientError("The assertion was used before: sign a new one for each request.")
        return True
