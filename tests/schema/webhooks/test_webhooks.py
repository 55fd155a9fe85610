"""Clients manage their own webhooks, operators see all, and secrets are shown once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.store.oauth import clients
from hub.viewer import Viewer, ViewerKind
from tests.schema.harness import CAUSE, Stage
from tests.sync.webhook_harness import CLIENT

SHOP = clients.own_viewer(CLIENT, frozenset(CLIENT.scopes))
OTHER = Viewer(ViewerKind.PARTNER, "client:other", SHOP.scopes, "other")
OPERATOR = Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"}), "shop")
USER = Viewer(ViewerKind.CITIZEN, "user", SHOP.scopes, "shop")
FIELDS = """webhook { id client url kinds content perMinute state publicKey issues { code }
    deliveries(first: 5) { id state attempts { status error } } }"""
URL = "https://partner.example/hook"


@pytest.fixture(scope="module", autouse=True)
async def registered(shared: Stage) -> None:
    async with shared.database.write(CAUSE) as db:
        await clients.create(db, CLIENT)
        await clients.create(db, replace(CLIENT, id="other"))


async def act(stage: Stage, viewer: Viewer, mutation: str, more: str = "", **values: Any) -> Any:
    """Return the result of a mutation."""
    name = mutation[0].upper() + mutation[1:]
    payload = "" if mutation == "deleteWebhook" else f"... on WebhookPayload {{ {FIELDS} }}"
    query = f"""mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename
        {payload} ... on UserError {{ code message }}
        ... on InvalidInput {{ problems {{ field code message }} }} {more} }} }}"""
    return (await stage.got(viewer, query, input=values))[mutation]


async def register(stage: Stage, viewer: Viewer = SHOP, **values: Any) -> Any:
    return await act(
        stage, viewer, "registerWebhook", "... on RegisterWebhookPayload { secret }", **{"url": URL, **values}
    )


async def test_a_repeated_registration_shows_no_secret_again(shared: Stage) -> None:
    first = await register(shared, idempotencyKey="register-1", kinds=["payment"], asymmetric=True)
    assert first["secret"].startswith("whsec_")
    assert first["webhook"]["publicKey"].startswith("whpk_")
    assert (first["webhook"]["state"], first["webhook"]["kinds"]) == ("UNVERIFIED", ["payment"])
    again = await register(shared, idempotencyKey="register-1", kinds=["payment"], asymmetric=True)
    assert again["webhook"] == first["webhook"]
    assert again["secret"] is None
    other_input = await register(shared, idempotencyKey="register-1")
    assert other_input["code"] == "IDEMPOTENCY_CONFLICT"
    sealed = await shared.rows("select sealed from webhooks where id = :id", id=first["webhook"]["id"])
    assert first["secret"].encode() not in sealed[0][0]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "http://partner.example/hook"}, "url"),
        ({"url": "https://10.0.0.1/hook"}, "url"),
        ({"url": "https://localhost/hook"}, "url"),
        ({"url": "https://user:word@partner.example/hook"}, "url"),
        ({"url": "ftp://partner.example"}, "url"),
        ({"kinds": ["rumour"]}, "kinds"),
        ({"systems": ["hub"]}, "systems"),
        ({"perMinute": 0}, "perMinute"),
        ({"after": "no cursor"}, "after"),
    ],
    ids=lambda value: str(next(iter(value.values()))) if isinstance(value, dict) else "",
)
async def test_a_wrong_choice_says_which_rule(shared: Stage, values: Any, field: str) -> None:
    refused = await register(shared, **values)
    assert refused["code"] == "INVALID_INPUT"
    assert [each["field"] for each in refused["problems"]] == [field]


async def test_a_user_of_the_client_registers_nothing(shared: Stage) -> None:
    assert (await register(shared, USER))["code"] == "INVALID_INPUT"


async def test_own_webhooks_only_but_operators_see_all(shared: Stage) -> None:
    mine = (await register(shared))["webhook"]["id"]
    query = "{ webhooks { id } }"
    seen = {
        viewer.name: mine in [each["id"] for each in (await shared.got(viewer, query))["webhooks"]]
        for viewer in (SHOP, OTHER, OPERATOR, USER)
    }
    assert seen == {"client:shop": True, "client:other": False, "operator": True, "user": False}
    for mutation in ("pauseWebhook", "updateWebhook", "deleteWebhook", "rotateWebhookSecret", "replayWebhook"):
        refused = await act(shared, OTHER, mutation, id=mine)
        assert refused["code"] == "NOT_FOUND"


async def test_an_operator_pauses_resumes_and_replays_only(shared: Stage) -> None:
    theirs = (await register(shared))["webhook"]["id"]
    for mutation, state in (("pauseWebhook", "PAUSED"), ("resumeWebhook", "UNVERIFIED"), ("replayWebhook", None)):
        done = await act(shared, OPERATOR, mutation, id=theirs)
        assert done["webhook"]["state"] == state or state is None
    manager = replace(OPERATOR, scopes=frozenset({"hub:operate", "webhooks:manage"}))
    for mutation in ("updateWebhook", "rotateWebhookSecret", "deleteWebhook"):
        assert (await act(shared, manager, mutation, id=theirs))["code"] == "NOT_FOUND"


async def test_a_webhook_is_changed_paused_resumed_and_deleted(shared: Stage) -> None:
    made = (await register(shared))["webhook"]["id"]
    changed = await act(shared, SHOP, "updateWebhook", id=made, content="FULL", perMinute=7)
    assert (changed["webhook"]["content"], changed["webhook"]["perMinute"]) == ("FULL", 7)
    assert changed["webhook"]["url"] == URL
    filtered = await act(shared, SHOP, "updateWebhook", id=made, kinds=["payment"], idempotencyKey="update-1")
    assert filtered["webhook"]["kinds"] == ["payment"]
    kept = await act(shared, SHOP, "updateWebhook", id=made, perMinute=None, content=None, systems=None)
    assert (kept["webhook"]["kinds"], kept["webhook"]["perMinute"]) == (["payment"], 7)
    assert (await act(shared, SHOP, "updateWebhook", id=made, kinds=None))["webhook"]["kinds"] is None
    assert (await act(shared, SHOP, "pauseWebhook", id=made))["webhook"]["state"] == "PAUSED"
    assert (await act(shared, SHOP, "resumeWebhook", id=made))["webhook"]["state"] == "UNVERIFIED"
    secret = "... on RotateWebhookSecretPayload { secret }"
    assert (await act(shared, SHOP, "rotateWebhookSecret", secret, id=made))["secret"].startswith("whsec_")
    count = "... on ReplayWebhookPayload { deliveries }"
    assert (await act(shared, SHOP, "replayWebhook", count, id=made, failedOnly=True))["deliveries"] == 0
    deleted = await act(shared, SHOP, "deleteWebhook", id=made)
    assert deleted["__typename"] == "DeleteWebhookPayload"
    trail = await shared.rows("select action from audit_events where subject = :s order by id", s=f"webhook:{made}")
    assert [action.removeprefix("webhooks:") for (action,) in trail] == [
        *("register", *["update"] * 4, "pause", "resume", "rotate-secret", "replay", "delete")
    ]


async def test_a_nested_id_that_cannot_be_stored_is_bad_input(shared: Stage) -> None:
    await register(shared)
    answer = await shared.ask(OPERATOR, '{ webhooks { deliveries(before: "\\u0000") { id } } }')
    assert set(answer.codes) == {"BAD_INPUT"}
