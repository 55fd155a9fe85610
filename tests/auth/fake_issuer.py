"""A small outside issuer on real HTTP: publishes keys, counts requests for them, can rotate them and go down."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import cycle
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.auth.issuer_config import IssuerRow
from tests.serving import serve

MAKERS: dict[str, Any] = {
    "RS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
    "ES256": lambda: ECKey.generate_key("P-256", auto_kid=True),
    "ES512": lambda: ECKey.generate_key("P-521", auto_kid=True),
}
AUDIENCE = "https://hub.example"
_NUMBERS = cycle(range(8))
"""Numbers of keys, which issuers take in turn: no test has more keys than this, so all of a test's keys differ."""


@cache
def _key(algorithm: str, number: int) -> Key:
    """A key that tests share: to generate one for RSA takes a quarter of a second."""
    key: Key = MAKERS[algorithm]()
    return key


class Clock:
    """A clock in seconds, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class FakeIssuer:
    """One issuer; ``url`` is its name and its address."""

    def __init__(self, algorithm: str = "RS256") -> None:
        self.algorithm, self.url = algorithm, ""
        self.down, self.key_requests = False, 0
        self.others: list[dict[str, Any]] = []
        self.rotate()

    def rotate(self) -> None:
        """Replace the key."""
        self.key = _key(self.algorithm, next(_NUMBERS))

    async def keys(self, request: Request) -> Response:
        """Respond with the JWK Set."""
        self.key_requests += 1
        if self.down:
            return JSONResponse({}, 503)
        return JSONResponse({"keys": [*self.others, self.key.as_dict(private=False)]})

    def row(self, **changes: Any) -> IssuerRow:
        """Return its row in a hub's file of issuers."""
        usual = {"name": "fake", "issuer": self.url, "jwks_uri": f"{self.url}/keys", "audience": AUDIENCE}
        defaults = {"scopes": {"read": ["complaints:read"]}, "algorithms": [self.algorithm]}
        return IssuerRow.model_validate({**usual, **defaults, **changes})

    def token(self, header: dict[str, Any] | None = None, key: Key | None = None, **claims: Any) -> str:
        """Return an access token by RFC 9068; a claim that is None is left out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "s-1", "client_id": "app", "scope": "read other"}
        all_claims = {**usual, "iat": now, "exp": now + 300, **claims}
        key = key or self.key
        heads = {"alg": self.algorithm, "typ": "at+jwt", "kid": key.kid, **(header or {})}
        heads = {name: value for name, value in heads.items() if value is not None}
        payload = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(heads, payload, key, algorithms=[str(heads["alg"])], default_type=None)

    def keycloak(self, **claims: Any) -> str:
        """Return an access token as Keycloak makes it by default."""
        usual = {"typ": "Bearer", "azp": "app", "client_id": None, "scope": "email profile"}
        return self.token({"typ": "JWT"}, **{**usual, "realm_access": {"roles": ["petugas", "offline"]}, **claims})

    def keycloak_row(self, **changes: Any) -> IssuerRow:
        """Return the row under which these are accepted."""
        usual = {"type": "JWT", "marks": {"typ": "Bearer"}, "client_claim": "azp"}
        defaults = {"scope_claims": ["realm_access.roles"], "scopes": {"petugas": ["complaints:read", "reports:read"]}}
        return self.row(**usual, **defaults, **changes)


@asynccontextmanager
async def fake_issuer(algorithm: str = "RS256") -> AsyncIterator[FakeIssuer]:
    """Run an issuer during the block."""
    fake = FakeIssuer(algorithm)
    async with serve(Starlette(routes=[Route("/keys", fake.keys)])) as url:
        fake.url = url
        yield fake


SHARED = OctKey.generate_key(256)
"""A shared secret, which no outside issuer may sign with."""
