"""Two processes of one hub, partners and people with tokens, and what the graph shows them."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from hub.app import build
from hub.auth import access_tokens
from hub.auth.signing_keys import SigningKeys
from hub.complaints.tickets import tracking_code
from hub.settings import Settings
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients, grants, users
from hub.store.oauth.clients import Client

ISSUER = "http://127.0.0.1:8000"
CAUSE = Cause("test", "test", "test")
SUBMIT, READ, PII, REPLY = "complaints:submit", "complaints:read", "complaints:pii", "complaints:reply"
PARTNER = Client("gojek", "Gojek", "PT Uji", "client_secret_basic", ("client_credentials",), (SUBMIT, READ, REPLY))
APP = replace(PARTNER, id="app", auth_method="none", grants=("authorization_code",), scopes=(SUBMIT, READ, PII, REPLY))
ME = "{complaints(first: 1) {totalCount} }"
RECEIVED = (
    "... on SubmitComplaintPayload {ticket trackingCode complaint {id title}} ... on InvalidInput {problems {code}}"
)


class EpochClock:
    """The clock by which processes know how old their revocation epoch is; it runs, and a test moves it on."""

    def __init__(self) -> None:
        self._moved = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._moved

    def passes(self, seconds: float) -> None:
        self._moved += seconds


@dataclass
class Stage:
    """``first`` and ``second`` are processes of one hub."""

    database: Database
    settings: Settings
    keys: SigningKeys
    first: httpx.AsyncClient
    second: httpx.AsyncClient
    secret: str = ""

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.write(CAUSE) as db:
            await db.execute(text(statement), values)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def client(self, client: Client) -> None:
        async with self.database.write(CAUSE) as db:
            await clients.create(db, client)
            self.secret = await clients.new_secret(db, client.id)

    async def user(self, user_id: str, kind: str, *scopes: str, agency: str | None = None) -> None:
        async with self.database.write(CAUSE) as db:
            await users.create(db, user_id, kind, scopes=scopes, agency_code=agency)

    async def partner_token(self) -> str:
        """Return a token from the token endpoint, as a partner gets it."""
        form = {"grant_type": "client_credentials"}
        answer = await self.first.post("/oauth/token", data=form, auth=(PARTNER.id, self.secret))
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])

    async def token(self, subject: str, client: str = APP.id, *scopes: str, **more: Any) -> str:
        """Return a token that the hub has signed, with a grant if the subject is a person."""
        given: dict[str, Any] = {
            "scopes": scopes or APP.scopes,
            "seconds": 600,
            "client_id": client,
            "subject": subject,
        } | more
        if subject != client:
            given.setdefault("grant_id", await self.grant(subject, client))
        return access_tokens.issue(await self.keys.signer(), ISSUER, **given)

    async def grant(self, user_id: str, client: str = APP.id) -> UUID:
        async with self.database.write(CAUSE) as db:
            return await grants.open_grant(db, client, user_id, timedelta(hours=1))

    async def forged(self, header: dict[str, Any] | None = None, key: ECKey | None = None, **over: Any) -> str:
        """Return a token of the partner that the hub would not issue."""
        signer, now = await self.keys.signer(), int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": PARTNER.id,
            "aud": ISSUER,
            "client_id": PARTNER.id,
            "scope": READ,
        }
        claims |= {"jti": uuid4().hex, "iat": now, "exp": now + 60} | over
        head = {"alg": "ES256", "typ": "at+jwt", "kid": signer.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, claims, key or signer.key, ["ES256"])

    def code(self, complaint_id: int) -> str:
        return tracking_code(str(complaint_id), self.settings.secret)


async def ask(process: httpx.AsyncClient, query: str = ME, *, token: str = "", **headers: str) -> httpx.Response:
    """Execute one operation; ``token`` is sent as Bearer, other headers by their names with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    login = {"authorization": f"Bearer {token}"} if token else {}
    return await process.post("/graphql", json={"query": query}, headers=login | sent)


async def submit(process: httpx.AsyncClient, key: str = "5f0c-0001", over: str = "", **headers: str) -> dict[str, Any]:
    """Return the payload of ``submitComplaint``."""
    channel = "" if "channel:" in over else "channel: GOJEK,"
    given = f"""idempotencyKey: "{key}", {channel} class: COMPLAINT, title: "Bus tidak berhenti",
        text: "Bus tidak berhenti di halte.", areaCode: "33.74",
        reporter: {{name: "Uji Coba", phone: "+62 811 0000 0000"}} {over}"""
    answer = await ask(process, f"mutation {{submitComplaint(input: {{{given}}}) {{{RECEIVED}}}}}", **headers)
    body = answer.json()
    assert "errors" not in body, body
    payload: dict[str, Any] = body["data"]["submitComplaint"]
    return payload


@asynccontextmanager
async def staged(
    database_url: str, issuers_file: Path | None = None, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Stage]:
    """Two processes with a registered partner and app."""
    settings = Settings(
        operation_timeout=60,  # The first operation of a process compiles its statements.
        database_url=database_url,
        connectors=(),
        pii_keys=(base64.b64encode(b"k" * 32).decode(),),
        secret_key="s" * 40,
        issuers_file=issuers_file,
    )
    database = Database(database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        processes = []
        for _ in range(2):
            app = build(settings, clock=clock)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app, client=("198.51.100.7", 1))
            processes.append(await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=ISSUER)))
        keys = SigningKeys(database, FieldCipher(settings.sealing_keys, settings.secret))
        stage = Stage(database, settings, keys, processes[0], processes[1])
        await stage.client(APP)
        await stage.client(PARTNER)
        yield stage
