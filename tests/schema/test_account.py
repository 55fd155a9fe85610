"""A person sees and ends what holds access to its account; no application does, and nobody another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.store.oauth import accounts, clients, grants, sessions, users
from hub.viewer import Viewer, ViewerKind
from tests.schema.harness import ANONYMOUS, CAUSE, Stage
from tests.sync.webhook_harness import CLIENT

PERSON = Viewer(ViewerKind.OFFICER, "u_person", frozenset({"complaints:read"}))
OTHER = replace(PERSON, name="u_other")
ACCOUNT = "{me {account {id username scopes applications {client scopes lastUsedAt} sessions {id startedAt}}}}"
OUTCOME = """{__typename ... on AccountPayload {account {applications {client} sessions {id}}}
    ... on InvalidInput {problems {field code}}}"""


@pytest.fixture
async def filled(stage: Stage) -> Stage:
    """A stage where a person has an application and two sessions, one of which is not signed in, and another one."""
    hour = timedelta(hours=1)
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, CLIENT)
        for viewer in (PERSON, OTHER):
            await users.create(db, viewer.name, "OFFICER", username=viewer.name.replace("_", "."))
            await sessions.add_consent(db, viewer.name, CLIENT.id, frozenset({"complaints:read"}))
            await grants.open_grant(db, CLIENT.id, viewer.name, hour)
            await sessions.create(db, f"secret of {viewer.name}", hour, user_id=viewer.name)
        await sessions.create(db, "half", hour, user_id=PERSON.name, signed_in=False)
    return stage


async def act(stage: Stage, viewer: Viewer, mutation: str, **values: Any) -> Any:
    name = f"{mutation[0].upper()}{mutation[1:]}"
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {OUTCOME}}}"
    return (await stage.got(viewer, query, i=values))[mutation]


async def test_a_person_sees_what_holds_access(filled: Stage) -> None:
    account = (await filled.got(PERSON, ACCOUNT))["me"]["account"]
    assert (account["id"], account["username"], account["scopes"]) == ("u_person", "u.person", ["complaints:read"])
    (application,), (session,) = account["applications"], account["sessions"]
    assert (application["client"], application["scopes"]) == (CLIENT.id, ["complaints:read"])
    assert application["lastUsedAt"]
    async with filled.database.read() as db:
        assert await accounts.session_id(db, "secret of u_person") == session["id"]


async def test_a_person_ends_an_application_with_its_grants(filled: Stage) -> None:
    done = await act(filled, PERSON, "endAccess", client=CLIENT.id)
    assert done["account"]["applications"] == []
    revoked = await filled.rows("select user_id, revoked_at is not null from grants order by 1")
    assert revoked == [("u_other", False), ("u_person", True)]
    again = await act(filled, PERSON, "endAccess", client=CLIENT.id)
    assert again["problems"] == [{"field": "client", "code": "UNKNOWN"}]
    recorded = await filled.rows("select action, subject, actor from audit_events")
    assert recorded == [("account:end-access", f"client:{CLIENT.id}", "u_person")]


async def test_a_person_ends_only_its_own_session(filled: Stage) -> None:
    (of_other,) = (await filled.got(OTHER, ACCOUNT))["me"]["account"]["sessions"]
    refused = await act(filled, PERSON, "endSession", session=of_other["id"])
    assert refused["problems"] == [{"field": "session", "code": "UNKNOWN"}]
    done = await act(filled, OTHER, "endSession", session=of_other["id"])
    assert done["account"]["sessions"] == []
    assert await filled.rows("select action, subject from audit_events") == [("account:end-session", "user:u_other")]


@pytest.mark.parametrize("viewer", [ANONYMOUS, replace(PERSON, client=CLIENT.id)], ids=["nobody", "an application"])
async def test_no_application_sees_or_ends_anything(filled: Stage, viewer: Viewer) -> None:
    assert (await filled.got(viewer, ACCOUNT))["me"] == {"account": None}
    for mutation, field, value in (("endAccess", "client", CLIENT.id), ("endSession", "session", "x")):
        refused = await act(filled, viewer, mutation, **{field: value})
        assert refused["problems"] == [{"field": field, "code": "NOT_ALLOWED"}]
    assert await filled.rows("select count(*) from grants where revoked_at is null") == [(2,)]
