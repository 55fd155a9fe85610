"""``me``: a client in its own name sees its scopes, budgets, use and webhooks."""

from __future__ import annotations

import httpx

from hub.app import build
from hub.store.oauth import clients
from hub.viewer import Viewer, ViewerKind
from tests.schema.harness import ANONYMOUS, CAUSE, Stage
from tests.sync.webhook_harness import CLIENT

QUERY = """{ me { client { id scopes budgets { requests cost } used { requests cost }
    webhooks { id } subscriptions { address } } } }"""


async def test_a_client_sees_its_budgets_and_what_it_used(stage: Stage) -> None:
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, CLIENT)
        await clients.set_secret(db, CLIENT.id, "a-secret-of-this-test")
    app = build(stage.settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        granted = await http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(CLIENT.id, "a-secret-of-this-test")
        )
        headers = {"authorization": f"Bearer {granted.json()['access_token']}"}
        for count in (1, 2):
            answer = await http.post("/graphql", json={"query": QUERY}, headers=headers)
            client = answer.json()["data"]["me"]["client"]
            assert client["used"]["requests"] == count
    assert client["used"]["cost"] > 0
    assert (client["id"], client["scopes"], client["webhooks"]) == (CLIENT.id, sorted(CLIENT.scopes), [])
    assert client["subscriptions"] == []
    assert client["budgets"] == {"requests": CLIENT.requests_per_minute, "cost": CLIENT.cost_per_minute}


async def test_others_have_no_client_of_their_own(stage: Stage) -> None:
    person = Viewer(ViewerKind.CITIZEN, "user", frozenset(CLIENT.scopes), CLIENT.id)
    for viewer in (ANONYMOUS, person):
        assert (await stage.got(viewer, "{ me { client { id } } }"))["me"] == {"client": None}
