"""An authorization server, and the calls of a client, a browser and an operator."""

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

from hub.auth.server.routes import Server, routes, server
from hub.auth.server.sessions import SESSION_LIFETIME
from hub.auth.signing_keys import SigningKeys
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients, sessions, users
from hub.store.oauth.clients import Client
from hub.store.secret_hashes import generate_secret
from hub.web.middleware import RequestContextMiddleware

ISSUER = "http://127.0.0.1:8123"
SCOPES = ("complaints:submit", "complaints:read", "payments:read", "hub:operate", "openid")
CALLBACK = "https://app.example/callback"
CAUSE = Cause("test", "test", "test")
GRANT: dict[str, Any] = {"grant_type": "client_credentials"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def a_client(name: str, method: str = "none", **over: Any) -> Client:
    """Return a client that may use every grant its method allows."""
    grants = ("authorization_code", "refresh_token") + (() if method == "none" else ("client_credentials",))
    scopes = ("openid", "complaints:submit", "complaints:read")
    of = Client(name, f"App {name}", "PT Uji", method, grants, scopes, redirect_uris=(CALLBACK,))
    return replace(of, **over)


def a_key(kid: str = "k1") -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid})


def jwks(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def assertion(key: Key, client: str, alg: str = "ES256", **over: Any) -> dict[str, Any]:
    """Return the parameters of private_key_jwt."""
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
    payload = {name: value for name, value in (claims | over).items() if value is not None}
    header = {"alg": alg} | ({"kid": key.kid} if key.kid else {})
    return {"client_assertion_type": ASSERTION, "client_assertion": jwt.encode(header, payload, key, [alg])}


def proof(key: Key, path: str = "/oauth/token", method: str = "POST", alg: str = "ES256", **over: Any) -> str:
    """Return a DPoP proof."""
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)} | over.pop("header", {})
    claims = {"htm": method, "htu": ISSUER + path, "iat": int(time.time()), "jti": uuid.uuid4().hex} | over
    return jwt.encode(header, {n: v for n, v in claims.items() if v is not None}, key, [alg])


def unsigned(header: str, claims: str = "{}") -> str:
    """Return a JWT of any header and claims, with an invalid signature."""
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, claims, "x"))


NESTED = "[" * 2000 + "]" * 2000
"""JSON that a recursive parser cannot read to its end."""


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
    keys: SigningKeys
    app: Starlette
    http: httpx.AsyncClient
    browser: httpx.AsyncClient
    secret: dict[str, str] = field(default_factory=dict)

    async def client(self, client: Client) -> str:
        """Register a client; return its secret, if it has one."""
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
        """Sign in as the login page does; return the cookie's value."""
        secret = generate_secret()
        async with self.database.write(CAUSE) as db:
            await sessions.create(db, secret, SESSION_LIFETIME, user_id=user_id)
        self.browser.cookies.set(self.server.authorize.sessions.cookie, secret, domain="127.0.0.1")
        return secret

    async def token(self, client: str = "", headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        """Call the token endpoint, with the client's secret by Basic if it has one, unless ``over`` replaces that."""
        auth = httpx.BasicAuth(client, self.secret[client]) if client in self.secret else None
        if client and not auth and "client_assertion" not in form:
            form["client_id"] = client
        return await self.http.post("/oauth/token", data=form, auth=auth or httpx.USE_CLIENT_DEFAULT, headers=headers)

    async def authorize(self, client: str, pkce: Pkce, **over: str | None) -> httpx.Response:
        """Request a code in a signed-in browser, with consent given before."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
            "state": "st-1",
        }
        given = {name: value for name, value in (parameters | over).items() if value is not None}
        return await self.browser.get("/oauth/authorize", params=given)

    async def code(self, client: str, pkce: Pkce, **over: str | None) -> str:
        """Return a code, with consent given before."""
        response = await self.authorize(client, pkce, **over)
        if "/oauth/consent" in response.headers["location"]:
            response = await self.decide(response)
        return redirect_parameters(response)["code"]

    async def decide(self, response: httpx.Response, *, consent: bool = True) -> httpx.Response:
        """Return the response after a decision, through the interface of the consent page."""
        back = dict(parse_qsl(urlsplit(response.headers["location"]).query))["next"]
        return await self.browser.post("/test/decide", json={"next": back, "consent": consent})

    async def exchange(self, client: str, code: str, pkce: Pkce, headers: Any = None, **over: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.token(client, headers, **(form | {"code_verifier": pkce.verifier} | over))

    async def granted(self, client: str, headers: Any = None, **over: str) -> dict[str, Any]:
        """Return the token response of a whole code flow."""
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


def redirect_parameters(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect sends to the client."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(CALLBACK), response.headers["location"]
    brought = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    assert ("error" in brought) == ("error_description" in brought), brought
    return brought


def refused(response: httpx.Response, error: str, status: int = 400) -> str:
    """Return the description of an error, which must exist and follow RFC 6749, 5.2."""
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert response.headers["cache-control"] == "no-store"
    description: str = response.json().get("error_description", "")
    assert description, response.text
    return description


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT without verification."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def build_server(database_url: str, pool_size: int = 10) -> tuple[Database, SigningKeys, Server, Starlette]:
    """Return the server of one process."""
    database = Database(database_url, pool_size=pool_size)
    keys = SigningKeys(database, FieldCipher([b"k" * 32], b"s" * 32))
    made = server(database, keys, ISSUER, SCOPES, b"s" * 32)

    async def decide(request: Request) -> Response:
        answer = await request.json()
        return await made.authorize.submit_consent(request, answer["next"], consent=answer["consent"])

    table = [*routes(made), Route("/test/decide", decide, methods=["POST"])]
    return database, keys, made, Starlette(routes=table, middleware=[Middleware(RequestContextMiddleware)])


@asynccontextmanager
async def staged(database_url: str) -> AsyncIterator[Stage]:
    """A server without users and clients."""
    database, keys, made, app = build_server(database_url)

    def http() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER)

    async with http() as plain, http() as browser:
        yield Stage(database, made, keys, app, plain, browser)
    await database.close()
