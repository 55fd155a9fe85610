"""A small outside issuer on real HTTP: publishes keys, counts how often they are asked for, can rotate and go down."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.auth.registry import IssuerRow
from tests.serving import serve

MAKERS: dict[str, Any] = {
    "RS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
    "ES256": lambda: ECKey.generate_key("P-256", auto_kid=True),
    "ES512": lambda: ECKey.generate_key("P-521", auto_kid=True),
}
AUDIENCE = "https://hub.example"


class FakeIssuer:
    """One issuer; ``url`` is both its name and where it listens."""

    def __init__(self, algorithm: str = "RS256") -> None:
        self.algorithm, self.url = algorithm, ""
        self.down, self.asked = False, 0
        self.others: list[dict[str, Any]] = []
        self.rotate()

    def rotate(self) -> None:
        """Replace the key."""
        self.key: Key = MAKERS[self.algorithm]()

    async def keys(self, request: Request) -> Response:
        """The JWK Set."""
        self.asked += 1
        if self.down:
            return JSONResponse({}, 503)
        return JSONResponse({"keys": [*self.others, self.key.as_dict(private=False)]})

    def row(self, **changes: Any) -> IssuerRow:
        """What a hub's registry says of it."""
        usual = {"name": "fake", "issuer": self.url, "jwks_uri": f"{self.url}/keys", "audience": AUDIENCE}
        words = {"scopes": {"read": ["complaints:read"]}, "algorithms": [self.algorithm]}
        return IssuerRow.model_validate({**usual, **words, **changes})

    def token(self, header: dict[str, Any] | None = None, key: Key | None = None, **claims: Any) -> str:
        """An access token by RFC 9068; a claim that is None is left out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "s-1", "client_id": "app", "scope": "read other"}
        told = {**usual, "iat": now, "exp": now + 300, **claims}
        key = key or self.key
        heads = {"alg": self.algorithm, "typ": "at+jwt", "kid": key.kid, **(header or {})}
        heads = {name: value for name, value in heads.items() if value is not None}
        held = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(heads, held, key, algorithms=[str(heads["alg"])], default_type=None)

    def keycloak(self, **claims: Any) -> str:
        """An access token as Keycloak makes it by default."""
        usual = {"typ": "Bearer", "azp": "app", "client_id": None, "scope": "email profile"}
        return self.token({"typ": "JWT"}, **{**usual, "realm_access": {"roles": ["petugas", "offline"]}, **claims})

    def keycloak_row(self, **changes: Any) -> IssuerRow:
        """The setting under which those are accepted."""
        usual = {"type": "JWT", "marks": {"typ": "Bearer"}, "client_claim": "azp"}
        words = {"scope_claims": ["realm_access.roles"], "scopes": {"petugas": ["complaints:read", "reports:read"]}}
        return self.row(**usual, **words, **changes)


@asynccontextmanager
async def fake_issuer(algorithm: str = "RS256") -> AsyncIterator[FakeIssuer]:
    """An issuer that listens while the block runs."""
    fake = FakeIssuer(algorithm)
    async with serve(Starlette(routes=[Route("/keys", fake.keys)])) as url:
        fake.url = url
        yield fake


SHARED = OctKey.generate_key(256)
"""A shared secret, which no outside issuer may sign with."""
