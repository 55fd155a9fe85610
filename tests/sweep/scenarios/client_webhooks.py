"""A client registers a webhook, and its endpoint gets every change, each once for who keeps ids, in order."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from hub.store.feed.cursors import encode
from hub.store.oauth import clients
from tests.schema.harness import CAUSE, Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.client import Client
from tests.sweep.scenarios.scenario import ANSWERS, CALLS, COMMITS, Scenario
from tests.sweep.setup import SweepSetup
from tests.sync.webhook_harness import CLIENT
from tests.webhook_receiver import Received, Receiver, receiving

COMPLAINTS = 2
SECRET = "the-secret-of-the-client-of-this-scenario"
LEFT = """select (select count(*) from changes where kind = 'complaint')
    - (select count(*) from webhook_deliveries where state = 'DONE')"""
HURRY = "update webhook_deliveries set due_at = now() where state = 'WAITING' and due_at > now()"
REGISTER = """mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) {
    __typename ... on RegisterWebhookPayload { secret webhook { id } } } }"""
FAILURES = 2


class ClientWebhooks(Scenario):
    """``hub serve`` and ``hub worker``, either of which may be killed, and an endpoint that fails at first."""

    name = "client webhooks"
    edges = CALLS | COMMITS | ANSWERS

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Register the client, and make the changes; no system is due, so that the worker does nothing else."""
        async with stage.database.write(CAUSE) as db:
            scopes = ("complaints:read", "webhooks:manage")
            await clients.create(db, replace(CLIENT, auth_method="client_secret_post", scopes=scopes))
            await clients.set_secret(db, CLIENT.id, SECRET)
        await stage.complaints("VERIFIED", [{}] * COMPLAINTS, by=clients.own_viewer(CLIENT, frozenset(scopes)))
        await stage.run("update systems set next_pull_at = now() + interval '10 years'")

    async def run(self, attempt: Attempt) -> None:
        """Register the endpoint from the first change on, and wait until it got all."""
        failed: list[str] = []

        async def fail_first(got: Received) -> Response | None:
            if len(failed) >= FAILURES:
                return None
            failed.append(got.id)
            return Response(status_code=500)

        async with receiving(answer=fail_first) as receiver, attempt.serving() as client:
            await self._register(client, receiver)
            async with attempt.command("worker"):
                await attempt.until(LEFT, 0, hurry=HURRY)
        attempt.responses.append(("webhook", receiver))

    async def _register(self, client: Client, receiver: Receiver) -> None:
        form = {"grant_type": "client_credentials", "client_id": CLIENT.id, "client_secret": SECRET}
        granted = await client.send("token", "POST", "/oauth/token", data=form, headers={"authorization": ""})
        token = granted.json()["access_token"]
        given = {"url": receiver.url, "after": encode({}), "idempotencyKey": "register-1"}
        sent = await client.send(
            "register",
            "POST",
            "/graphql",
            json={"query": REGISTER, "variables": {"input": given}},
            headers={"authorization": f"Bearer {token}"},
        )
        assert sent.json()["data"]["registerWebhook"]["__typename"] == "RegisterWebhookPayload", sent.text

    async def check(self, attempt: Attempt) -> None:
        """Check that there is one webhook, whose endpoint has each change once, in the order of its subject."""
        assert await attempt.rows("select state from webhooks") == [("ACTIVE",)]
        receiver: Receiver = attempt.responses[-1][1]
        by_subject: dict[str, list[int]] = {}
        for got in receiver.once:
            by_subject.setdefault(got.data["subject"], []).append(got.data["position"])
        changes = await attempt.rows("select subject, count(*) from changes where kind = 'complaint' group by subject")
        assert {subject: len(positions) for subject, positions in by_subject.items()} == dict(changes)
        assert all(positions == sorted(positions) for positions in by_subject.values())
        await expectations.history_holds(attempt)
