"""An authorization server to try: what a client, a browser and an operator do to it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.auth.keys import Keys
from hub.auth.server.interaction import SESSION_LIFE
from hub.auth.server.routes import Server, routes, server
from hub.store.access import clients, sessions, users
from hub.store.access.clients import Client
from hub.store.database import Cause, Database
from hub.store.digests import fresh
from hub.store.sealing import Seal
from hub.web.requests import RequestScope

ISSUER = "http://127.0.0.1:8123"
SCOPES = ("complaints:submit", "complaints:read", "payments:read", "hub:operate", "openid")
CALLBACK = "https://app.example/callback"
CAUSE = Cause("test", "test", "test")
GRANT = {"grant_type": "client_credentials"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def a_client(name: str, method: str = "none", **over: Any) -> Client:
    """A client that may use every grant its method allows."""
    grants = ("authorization_code", "refresh_token") + (() if method == "none" else ("client_credentials",))
    scopes = ("openid", "complaints:submit", "complaints:read")
    of = Client(name, f"App {name}", "PT Uji", method, grants, scopes, redirect_uris=(CALLBACK,))
    return replace(of, **over)


def a_key(kid: str = "k1") -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid})


def jwks(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def assertion(key: Key, client: str, alg: str = "ES256", **over: Any) -> dict[str, str]:
    """The parameters of private_key_jwt."""
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
    told = {name: value for name, value in (claims | over).items() if value is not None}
    header = {"alg": alg} | ({"kid": key.kid} if key.kid else {})
    return {"client_assertion_type": ASSERTION, "client_assertion": jwt.encode(header, told, key, [alg])}


def proof(key: Key, path: str = "/oauth/token", method: str = "POST", alg: str = "ES256", **over: Any) -> str:
    """A DPoP proof."""
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)} | over.pop("header", {})
    claims = {"htm": method, "htu": ISSUER + path, "iat": int(time.time()), "jti": uuid.uuid4().hex} | over
    return jwt.encode(header, {n: v for n, v in claims.items() if v is not None}, key, [alg])


def unsigned(header: str, claims: str = "{}") -> str:
    """A JWT of any header and claims, with a signature that fits none."""
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, claims, "x"))


NESTED = "[" * 2000 + "]" * 2000
"""What no parser that recurs reads to its end."""


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Pkce:
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        return ath(self.verifier)


@dataclass
class Stage:
    """One server; ``http`` is a client without cookies, ``browser`` one that is signed in after ``sign_in``."""

    database: Database
    server: Server
    keys: Keys
    app: Starlette
    http: httpx.AsyncClient
    browser: httpx.AsyncClient
    secret: dict[str, str] = field(default_factory=dict)

    async def client(self, client: Client) -> str:
        """Register it; its secret, if it has one."""
        async with self.database.write(CAUSE) as db:
            await clients.create(db, client)
            if client.auth_method.startswith("client_secret"):
                self.secret[client.id] = await clients.new_secret(db, client.id)
        return self.secret.get(client.id, "")

    async def user(self, user_id: str = "u_budi", kind: str = "OFFICER", *scopes: str) -> str:
        async with self.database.write(CAUSE) as db:
            await users.create(db, user_id, kind, scopes=scopes or ("complaints:read", "payments:read"))
        return user_id

    async def sign_in(self, user_id: str = "u_budi") -> str:
        """As the login page does it; the cookie's value."""
        secret = fresh()
        async with self.database.write(CAUSE) as db:
            await sessions.begin(db, secret, SESSION_LIFE, user_id=user_id)
        self.browser.cookies.set(self.server.authorize.interaction.cookie, secret, domain="127.0.0.1")
        return secret

    async def token(self, client: str = "", headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        """A call to the token endpoint, with the client's secret by Basic where it has one and nothing else is said."""
        auth = (client, self.secret[client]) if client in self.secret else None
        if client and not auth and "client_assertion" not in form:
            form["client_id"] = client
        return await self.http.post("/oauth/token", data=form, auth=auth, headers=headers)

    async def authorize(self, client: str, pkce: Pkce, **over: str | None) -> httpx.Response:
        """A signed-in browser's request for a code, the consent given before."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
            "state": "st-1",
        }
        given = {name: value for name, value in (asked | over).items() if value is not None}
        return await self.browser.get("/oauth/authorize", params=given)

    async def code(self, client: str, pkce: Pkce, **over: str | None) -> str:
        """A code, with consent on the way."""
        response = await self.authorize(client, pkce, **over)
        if "/oauth/consent" in response.headers["location"]:
            response = await self.decide(response)
        return told(response)["code"]

    async def decide(self, response: httpx.Response, *, consent: bool = True) -> httpx.Response:
        """The answer the consent page brings, through the interface it uses."""
        back = dict(parse_qsl(urlsplit(response.headers["location"]).query))["next"]
        return await self.browser.post("/test/decide", json={"next": back, "consent": consent})

    async def exchange(self, client: str, code: str, pkce: Pkce, headers: Any = None, **over: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.token(client, headers, **(form | {"code_verifier": pkce.verifier} | over))

    async def granted(self, client: str, headers: Any = None, **over: str) -> dict[str, Any]:
        """The token response of a whole code flow."""
        pkce = Pkce()
        response = await self.exchange(client, await self.code(client, pkce, **over), pkce, headers)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def refresh(self, client: str, token: str, headers: Any = None, **over: str) -> httpx.Response:
        return await self.token(client, headers, grant_type="refresh_token", refresh_token=token, **over)

    async def introspect(self, client: str, token: str) -> dict[str, Any]:
        answer = await self.http.post("/oauth/introspect", data={"token": token}, auth=(client, self.secret[client]))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)


def told(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings to the client."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(CALLBACK), response.headers["location"]
    brought = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    assert ("error" in brought) == ("error_description" in brought), brought
    return brought


def refused(response: httpx.Response, error: str, status: int = 400) -> str:
    """The description of an error as RFC 6749, 5.2 wants it; there always is one."""
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert response.headers["cache-control"] == "no-store"
    description: str = response.json().get("error_description", "")
    assert description, response.text
    return description


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def built(database_url: str, pool_size: int = 10) -> tuple[Database, Keys, Server, Starlette]:
    """The server of one process."""
    database = Database(database_url, pool_size=pool_size)
    keys = Keys(database, Seal([b"k" * 32], b"s" * 32))
    made = server(database, keys, ISSUER, SCOPES)

    async def decide(request: Request) -> Response:
        answer = await request.json()
        return await made.authorize.decided(request, answer["next"], consent=answer["consent"])

    table = [*routes(made), Route("/test/decide", decide, methods=["POST"])]
    return database, keys, made, Starlette(routes=table, middleware=[Middleware(RequestScope)])


@asynccontextmanager
async def staged(database_url: str) -> AsyncIterator[Stage]:
    """A server with nobody registered."""
    database, keys, made, app = built(database_url)

    def http() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER)

    async with http() as plain, http() as browser:
        yield Stage(database, made, keys, app, plain, browser)
    await database.close()
