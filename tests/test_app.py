"""The hub's app: its rate limits, its clients' origins and its settings, with a real database."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from secrets import token_bytes, token_urlsafe
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.app import build
from hub.errors import BadSetting
from hub.settings import Settings, read_settings
from hub.store.database import Cause, Database
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from tests.api.graph_app import early_in_the_hour as early_in_the_hour

APP = Client("app", "Aplikasi", "Uji", "none", ("authorization_code",), (), origins=("https://app.example",))


ISSUER = "http://127.0.0.1:8000"
KEY = ECKey.generate_key("P-256")
TOKEN = jwt.encode({"alg": "ES256", "kid": "other", "typ": "at+jwt"}, {"iss": ISSUER}, KEY, ["ES256"])


@pytest.fixture
async def away() -> AsyncIterator[httpx.AsyncClient]:
    """A hub whose database does not respond."""
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(database_url="postgresql://127.0.0.1:9/none", connectors=(), **given)
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            yield client


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(database_url)
    async with database.write(Cause("test", "test", "test")) as db:
        await clients.create(db, APP)
    await database.close()
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(database_url=database_url, rate_requests=2, rate_cost=60, rate_spared="192.0.2.0/24", **given)
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


async def test_requests_and_cost_are_counted_and_reported(hub: httpx.AsyncClient) -> None:
    query = {"query": "{ agencies(first: 20) { edges { node { code } } } }"}
    first, second = [await hub.post("/graphql", json=query) for _ in range(2)]
    assert first.json()["extensions"]["cost"] == {"estimated": 41, "limit": 25_000, "remaining": 19}
    assert second.status_code == 429
    assert (await hub.post("/graphql", json={"query": "{ __typename }"})).status_code == 429


async def test_a_page_of_a_client_may_send_queries(hub: httpx.AsyncClient) -> None:
    body = {"query": "{ __typename }"}
    for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
        response = await hub.post("/graphql", json=body, headers={"origin": origin})
        assert response.headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", f"/oauth/{name}") for name in ("token", "par", "revoke", "introspect")),
        *(("GET", f"/oauth/{name}") for name in ("jwks", "userinfo", "login", "authorize?client_id=app")),
        *(
            ("GET", "/"),
            ("POST", "/graphql"),
            ("GET", "/bulk/hub"),
            ("POST", "/bulk/fake"),
            ("GET", f"/files/{'0' * 64}"),
        ),
    ],
)
async def test_a_lost_database_answers_with_retry_after(away: httpx.AsyncClient, method: str, path: str) -> None:
    login = {"authorization": f"Bearer {TOKEN}"} if not path.startswith("/oauth/") or path.endswith("userinfo") else {}
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "x", "token": TOKEN}
    given: dict[str, Any] = {"json": {"query": "{ systems { name } }"}} if path == "/graphql" else {"data": form}
    if method == "GET":
        given = {}
    answer = await away.request(method, path, headers=login, **given)
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
    if path.startswith("/oauth/"):
        assert answer.json()["error"] == "temporarily_unavailable"


@pytest.mark.parametrize("path", ["/oauth/token/", "/graphql/", "/healthz/", "/files/", "/bulk/fake/", "/static"])
async def test_a_path_with_another_slash_is_not_there(away: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await away.request(method, path)
        assert (answer.status_code, answer.headers.get("location")) == (404, None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HUB_REDIS_URL", "http://127.0.0.1:6379", "does not begin with redis:// or rediss://"),
        ("HUB_RATE_SPARED", "10.0.0.0/8,10.0.0.1/8", "one of them is not a network"),
        ("HUB_RATE_ADDRESS", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=message) as refused:
        read_settings(Settings)
    assert value not in str(refused.value)


@pytest.mark.parametrize(("env", "refused"), [("production", True), ("development", False)])
async def test_production_counts_requests_of_this_machine_too(database_url: str, env: str, refused: bool) -> None:
    given: dict[str, Any] = {
        "pii_keys": base64.b64encode(token_bytes(32)).decode(),
        "secret_key": token_urlsafe(32),
        "env": env,
    }
    settings = Settings(database_url=database_url, public_url="https://hub.example", rate_address=2, **given)
    async with LifespanManager(build(settings)) as running:
        for client in (("127.0.0.1", 1), None):
            transport = httpx.ASGITransport(running.app, client=client)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="https://hub.example") as hub:
                statuses = [(await hub.get("/oauth/jwks")).status_code for _ in range(3)]
            assert (statuses[-1] == 429) is refused


SUBMIT = """mutation($key: String!) { submitComplaint(input: {idempotencyKey: $key, channel: WEB, class: COMPLAINT,
  title: "Bus tidak berhenti", text: "Bus melewati halte tanpa berhenti.", areaCode: "33.74", anonymous: true})
  { __typename } }"""


async def test_a_person_submits_so_many_complaints_an_hour(database_url: str) -> None:
    given: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
    settings = Settings(database_url=database_url, demo_officer_token="officer", rate_submissions=2, **given)
    async with LifespanManager(build(settings)) as running:
        transport = httpx.ASGITransport(running.app, client=("192.0.2.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as hub:
            answers = []
            for number in range(3):
                body = {"query": SUBMIT, "variables": {"key": f"submission-{number}"}}
                answers.append(
                    (await hub.post("/graphql", json=body, headers={"authorization": "Bearer officer"})).json()
                )
    assert [answer["data"]["submitComplaint"] for answer in answers[:2]] == [
        {"__typename": "SubmitComplaintPayload"}
    ] * 2
    assert answers[2]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
