"""Operators see clients and officers, register, renew, suspend and resume them, and give nobody more than they have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.api.event_counter import EventCounter
from hub.store.database import record_statements
from hub.store.oauth import clients, persisted_operations, users
from hub.store.operations import event_counts
from hub.store.operations.event_counts import Event
from hub.viewer import Viewer, ViewerKind
from tests.schema.harness import CAUSE, Stage
from tests.schema.operations.test_issues import OPERATOR
from tests.sync.webhook_harness import CLIENT

READS = Viewer(ViewerKind.OFFICER, "u_operator", frozenset({"hub:operate", "reports:read"}))
SECRET = replace(CLIENT, id="c_secret", auth_method="client_secret_basic", scopes=("reports:read",))
NEW: dict[str, Any] = {
    "name": "Aplikasi Uji",
    "organisation": "Tests",
    "authMethod": "client_secret_basic",
    "grants": ["client_credentials"],
    "scopes": ["reports:read"],
}
FIELDS = "{id scopes suspendedAt lastTokenAt documentCount used {requests cost} webhooks {id}}"


@pytest.fixture
async def filled(stage: Stage) -> Stage:
    """A stage with a client that has a secret, and two officers."""
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, SECRET)
        await users.create(db, "u_operator", "OFFICER", username="operator", scopes=("hub:operate",))
        await users.create(db, "u_desk", "OFFICER", username="desk", scopes=("complaints:pii",))
        await users.create(db, "u_citizen", "CITIZEN")
    return stage


async def act(stage: Stage, mutation: str, viewer: Viewer = READS, **values: Any) -> Any:
    name = f"{mutation[0].upper()}{mutation[1:]}"
    secret = f"... on {name}Payload {{secret}}" if "Secret" in name or "Create" in name else ""
    officer = "... on OfficerPayload {officer {id suspendedAt}}"
    changed = officer if name.endswith("Officer") else f"... on ClientPayload {{client {FIELDS}}}"
    query = f"""mutation($i: {name}Input!) {{{mutation}(input: $i) {{__typename {secret}
        {changed} ... on InvalidInput {{problems {{field code}}}}}}}}"""
    return (await stage.got(viewer, query, i=values))[mutation]


async def test_a_client_is_registered_once_with_its_secret(filled: Stage) -> None:
    made = await act(filled, "createClient", **NEW, idempotencyKey="create-1")
    again = await act(filled, "createClient", **NEW, idempotencyKey="create-1")
    assert made["secret"]
    assert (again["client"]["id"], again["secret"]) == (made["client"]["id"], None)
    found = (await filled.got(READS, f"{{clients {FIELDS}}}"))["clients"]
    assert [each["id"] for each in found] == ["c_secret", made["client"]["id"]]
    query = "query($i: ID) {clients(id: $i) {name budgets {requests}}}"
    (one,) = (await filled.got(READS, query, i="c_secret"))["clients"]
    assert one["budgets"]["requests"] > 0


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"scopes": ["complaints:pii"]}, {"field": "scopes", "code": "NOT_ALLOWED"}),
        ({"name": " "}, {"field": "name", "code": "REQUIRED"}),
        ({"organisation": "a\0b"}, {"field": "organisation", "code": "MALFORMED"}),
        ({"grants": ["password"]}, {"field": "input", "code": "MALFORMED"}),
        ({"authMethod": "private_key_jwt"}, {"field": "input", "code": "MALFORMED"}),
    ],
)
async def test_a_client_cannot_have_more_or_be_malformed(shared: Stage, over: Any, problem: Any) -> None:
    assert (await act(shared, "createClient", **{**NEW, **over}))["problems"] == [problem]
    assert await shared.rows("select count(*) from clients") == [(0,)]


async def test_a_secret_is_renewed_by_who_has_the_scopes(filled: Stage) -> None:
    refused = await act(filled, "rotateClientSecret", OPERATOR, id="c_secret")
    assert refused["problems"] == [{"field": "scopes", "code": "NOT_ALLOWED"}]
    done = await act(filled, "rotateClientSecret", id="c_secret", keepHours=0)
    assert done["secret"]
    late = await act(filled, "rotateClientSecret", id="c_secret", keepHours=999)
    assert late["problems"] == [{"field": "keepHours", "code": "OUT_OF_RANGE"}]
    recorded = await filled.rows("select action, subject from audit_events")
    assert recorded == [("clients:rotate-secret", "client:c_secret")]


async def test_a_client_is_suspended_by_any_operator(filled: Stage) -> None:
    assert (await act(filled, "suspendClient", OPERATOR, id="c_secret"))["client"]["suspendedAt"]
    assert (await act(filled, "resumeClient", OPERATOR, id="c_secret"))["client"]["suspendedAt"] is None
    assert (await act(filled, "suspendClient", id="c_nobody"))["problems"] == [{"field": "id", "code": "UNKNOWN"}]
    actions = await filled.rows("select action from audit_events order by id")
    assert actions == [("clients:suspend",), ("clients:resume",)]


async def test_officers_are_suspended_but_not_by_themselves(filled: Stage) -> None:
    query = "{officers {id username scopes lastSignInAt sessionCount grantCount}}"
    listed = (await filled.got(READS, query))["officers"]
    assert [each["id"] for each in listed] == ["u_desk", "u_operator"]
    assert (await act(filled, "suspendOfficer", id="u_desk"))["officer"]["suspendedAt"]
    refused = await act(filled, "resumeOfficer", id="u_desk")
    assert refused["problems"] == [{"field": "scopes", "code": "NOT_ALLOWED"}]
    assert (await act(filled, "suspendOfficer", id="u_operator"))["problems"][0]["code"] == "NOT_ALLOWED"
    assert (await act(filled, "suspendOfficer", id="u_citizen"))["problems"] == [{"field": "id", "code": "UNKNOWN"}]
    assert await filled.rows("select action, subject from audit_events") == [("users:suspend", "user:u_desk")]


async def test_tokens_and_use_of_a_client_are_shown(filled: Stage) -> None:
    counter = EventCounter(filled.database)
    counter.count(Event.CLIENT_OPERATION, "c_secret", 3)
    counter.count(Event.CLIENT_COST, "c_secret", 120)
    await counter.close()
    for _ in range(2):
        async with filled.database.write(CAUSE) as db:
            await clients.record_token(db, "c_secret")
    (client,) = (await filled.got(READS, f"{{clients {FIELDS}}}"))["clients"]
    assert client["used"] == {"requests": 3, "cost": 120}
    assert client["lastTokenAt"]


async def test_use_of_a_client_is_kept_by_day(filled: Stage) -> None:
    counter = EventCounter(filled.database)
    counter.count(Event.CLIENT_OPERATION, "c_secret", 3)
    counter.count(Event.CLIENT_COST, "c_secret", 120)
    await counter.close()
    query = "{clients {useByDay {date requests cost}}}"
    before = (await filled.got(READS, query))["clients"][0]["useByDay"]
    assert [(each["requests"], each["cost"]) for each in before] == [(3, 120)]
    for _ in range(2):
        # Two minutes of one day that end one after the other.
        await filled.run(
            "insert into event_counts select event, subject, minute - interval '4 days', number from event_counts"
            " where event not like '%_DAY'"
        )
        async with filled.database.write(CAUSE) as db:
            await event_counts.expire(db)
    (day, today) = (await filled.got(READS, query))["clients"][0]["useByDay"]
    assert ((day["requests"], day["cost"]), today) == ((6, 240), before[0])
    await filled.run("update event_counts set minute = minute - interval '100 days' where event like '%_DAY'")
    async with filled.database.write(CAUSE) as db:
        await event_counts.expire(db)
    assert (await filled.got(READS, query))["clients"][0]["useByDay"] == before


async def test_registered_documents_are_listed(filled: Stage) -> None:
    async with filled.database.write(CAUSE) as db:
        await persisted_operations.register(db, "c_secret", ["query names {systems {name}}", "{areas {nodes {code}}}"])
    fields = "documentCount documents registeredDocuments {id text operations}"
    (client,) = (await filled.got(READS, f"{{clients {{{fields}}}}}"))["clients"]
    assert (client["documentCount"], len(client["documents"])) == (2, 2)
    assert [each["id"] for each in client["registeredDocuments"]] == client["documents"]
    found = {each["text"]: each["operations"] for each in client["registeredDocuments"]}
    assert found == {"query names {systems {name}}": ["names"], "{areas {nodes {code}}}": []}
    assert all(each.startswith("sha256:") for each in client["documents"])


async def test_a_list_of_clients_takes_three_statements(filled: Stage) -> None:
    async with filled.database.write(CAUSE) as db:
        await clients.create(db, replace(SECRET, id="c_other"))
    with record_statements() as noted:
        assert len((await filled.got(READS, f"{{clients {FIELDS}}}"))["clients"]) == 2
    assert len(noted) == 3
