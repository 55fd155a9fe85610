"""An outside OpenID provider on real HTTP, which checks the client's requests strictly and signs in anybody."""

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

from hub.auth.issuer_config import LoginRow
from tests.auth.fake_issuer import FakeIssuer
from tests.serving import serve

CLIENT, CLIENT_SECRET = "hub+simpul", "a secret: with % signs"


class FakeProvider(FakeIssuer):
    """``claims`` change the ID token; with ``client_key`` the hub must authenticate by it."""

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
        """Sign in, and redirect the browser back."""
        parameters = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        self._codes[code] = parameters
        answer = {"code": code, "state": parameters["state"], "iss": self.url, **self.extra}
        return RedirectResponse(f"{parameters['redirect_uri']}?{urlencode(answer)}", 303)

    async def redeem(self, request: Request) -> Response:
        """Respond as the token endpoint."""
        if self.down:
            return JSONResponse({}, 503)
        form = dict(parse_qsl((await request.body()).decode()))
        parameters = self._codes.pop(form.get("code", ""), None)
        self.complaint = self._complaint(request, form, parameters)
        if self.complaint or parameters is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": self.subject, "nonce": parameters["nonce"], "iat": now}
        payload = {
            name: value for name, value in {**claims, "exp": now + 60, **self.claims}.items() if value is not None
        }
        token = jwt.encode(
            {"alg": "ES512", "kid": self.key.kid}, payload, self.signing or self.key, algorithms=["ES512"]
        )
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": token})

    def _complaint(self, request: Request, form: dict[str, str], parameters: dict[str, str] | None) -> str:
        """Return what is wrong with the hub's request; empty if nothing is."""
        if parameters is None:
            return "the code is not known"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if challenge.rstrip("=") != parameters["code_challenge"] or parameters["code_challenge_method"] != "S256":
            return "PKCE"
        if form["redirect_uri"] != parameters["redirect_uri"] or parameters["client_id"] != CLIENT:
            return "redirect_uri or client_id"
        return self._asserted(form) if self.client_key else _by_secret(request)

    def _asserted(self, form: dict[str, str]) -> str:
        assert self.client_key
        claims = jwt.decode(form["client_assertion"], self.client_key, algorithms=["ES512"]).claims
        right = claims["iss"] == claims["sub"] == CLIENT and claims["aud"] == self.url
        return "" if right and claims["exp"] - claims["iat"] <= 120 else "the assertion"

    def login(self, **changes: Any) -> LoginRow:
        """Return its row in a hub's file of logins."""
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
    """Run a provider during the block."""
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
    """Return where the provider redirects a browser that the hub sent to it, as a path of the hub."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(provider.headers["location"])
    return httpx.URL(answer.headers["location"]).raw_path.decode()


A_KEY = ECKey.generate_key("P-521")
