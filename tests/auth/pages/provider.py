"""An outside OpenID provider on real HTTP, strict about what a client sends, that signs anybody in at once."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from hub.auth.registry import LoginRow
from tests.auth.issuers.fake import FakeIssuer
from tests.serving import serve

CLIENT, CLIENT_SECRET = "hub+simpul", "a secret: with % signs"


class FakeProvider(FakeIssuer):
    """``claims`` change what an ID token says; by ``client_key``, where there is one, the hub has to show itself."""

    def __init__(self) -> None:
        super().__init__("ES512")
        self.subject = "warga-1"
        self.claims: dict[str, Any] = {}
        self.extra: dict[str, str] = {}
        self.client_key: Key | None = None
        self.signing: Key | None = None
        self.complaint = ""
        self._codes: dict[str, dict[str, str]] = {}

    async def authorize(self, request: Request) -> Response:
        """Sign in, and send the browser back."""
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        told = {"code": code, "state": asked["state"], "iss": self.url, **self.extra}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(told)}", 303)

    async def redeem(self, request: Request) -> Response:
        """The token endpoint."""
        if self.down:
            return JSONResponse({}, 503)
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(form.get("code", ""), None)
        self.complaint = self._complaint(request, form, asked)
        if self.complaint or asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "sub": self.subject, "nonce": asked["nonce"], "iat": now}
        held = {name: value for name, value in {**told, "exp": now + 60, **self.claims}.items() if value is not None}
        token = jwt.encode({"alg": "ES512", "kid": self.key.kid}, held, self.signing or self.key, algorithms=["ES512"])
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": token})

    def _complaint(self, request: Request, form: dict[str, str], asked: dict[str, str] | None) -> str:
        """What is wrong with the hub's request; empty when nothing is."""
        if asked is None:
            return "the code is not known"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if challenge.rstrip("=") != asked["code_challenge"] or asked["code_challenge_method"] != "S256":
            return "PKCE"
        if form["redirect_uri"] != asked["redirect_uri"] or asked["client_id"] != CLIENT:
            return "redirect_uri or client_id"
        return self._asserted(form) if self.client_key else _by_secret(request)

    def _asserted(self, form: dict[str, str]) -> str:
        assert self.client_key
        claims = jwt.decode(form["client_assertion"], self.client_key, algorithms=["ES512"]).claims
        right = claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == self.url
        return "" if right and claims["exp"] - claims["iat"] <= 120 else "the assertion"

    def login(self, **changes: Any) -> LoginRow:
        """What a hub's registry says of it."""
        usual = {"name": "inapas", "issuer": self.url, "jwks_uri": f"{self.url}/keys", "algorithms": ["ES512"]}
        ends = {"authorization_endpoint": f"{self.url}/auth", "token_endpoint": f"{self.url}/token"}
        own = {"title_id": "Masuk INApas", "title_en": "INApas", "kind": "CITIZEN", "client_id": CLIENT}
        secret = {"client_secret": CLIENT_SECRET, "scopes": ["complaints:read"]}
        return LoginRow.model_validate({**usual, **ends, **own, **secret, **changes})


def _by_secret(request: Request) -> str:
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    name, _, secret = pair.partition(":")
    right = (dict(parse_qsl(f"n={name}"))["n"], dict(parse_qsl(f"s={secret}"))["s"]) == (CLIENT, CLIENT_SECRET)
    return "" if right else "the secret"


@asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    """A provider that listens while the block runs."""
    fake = FakeProvider()
    table = [
        Route("/keys", fake.keys),
        Route("/auth", fake.authorize),
        Route("/token", fake.redeem, methods=["POST"]),
    ]
    async with serve(Starlette(routes=table)) as url:
        fake.url = url
        yield fake


async def back_from(provider: httpx.Response) -> str:
    """Where the provider sends the browser that the hub sent to it, as a path of the hub."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(provider.headers["location"])
    return httpx.URL(answer.headers["location"]).raw_path.decode()


A_KEY = ECKey.generate_key("P-521")
