"""Operators see quarantine grouped, preview and replay items, and discard them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.auth.scopes import DESK_SCOPES
from hub.connectors.registry import Enabled
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.operator_tools import OperatorTools
from hub.store.database import record_statements
from hub.sync.quarantine_replay import QuarantineReplay
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import Fake, FakeSettings, payment, report
from tests.schema.executing import execute_by
from tests.schema.harness import CLERK, Stage
from tests.schema.operations.test_issues import OPERATOR

FULL = Viewer(
    ViewerKind.OFFICER, "operator-of-the-desk", DESK_SCOPES | {"hub:operate", "licensing:read", "payments:read"}
)
ITEMS = "{quarantine(first: 50) {id system kind externalId reason field value body connectorVersion times}}"


WRITTEN = "select count(*), max(id) from quarantine union all select count(*), max(id) from changes"


class Replayable(Fake):
    """A fake system that reads items whether broken or not."""

    def __init__(self, settings: Any, http: Any) -> None:
        super(Fake, self).__init__(settings, http)

    def map(self, raw: Any) -> Any:
        if raw.get("status") == "NEW":
            return super().map({**raw, "status": "SUCCESS", "broken": None})
        return super().map(raw)


async def ask(stage: Stage, viewer: Viewer, query: str, **variables: Any) -> Any:
    tools = OperatorTools(quarantine=QuarantineReplay([Enabled(Replayable, FakeSettings())], stage.cipher))
    context = Context(stage.database, viewer, stage.cipher, b"s", language="en", request_id="request", operator=tools)
    async with context:
        result = await execute_by(stage.settings.executor, schema(), query, variables, context)
    assert not result.errors, result.errors
    return result.data


async def act(stage: Stage, mutation: str, viewer: Viewer = FULL, **values: Any) -> Any:
    name = f"{mutation[0].upper()}{mutation[1:]}"
    query = f"""mutation($i: {name}Input!) {{{mutation}(input: $i) {{__typename ... on QuarantinePayload {{
        preview repeated outcomes {{id accepted reason kind externalId status body}}}}
        ... on InvalidInput {{problems {{field code}}}}}}}}"""
    return (await ask(stage, viewer, query, i=values))[mutation]


@pytest.fixture
async def filled(stage: Stage) -> Stage:
    """A stage with two items that have an unknown status, and one that cannot be read."""
    await stage.records(payment("P1", status="NEW"), payment("P2", status="NEW"), payment("P3", broken=True))
    return stage


async def ids(stage: Stage) -> dict[str, str]:
    return {item["externalId"]: item["id"] for item in (await ask(stage, FULL, ITEMS))["quarantine"]}


async def test_items_are_grouped_by_reason_and_connector(filled: Stage) -> None:
    query = "{quarantineGroups {key system reason connectorVersion count}}"
    first, second = (await ask(filled, OPERATOR, query))["quarantineGroups"]
    assert (first["count"], first["reason"], second["count"]) == (2, "status is unknown: 'NEW'", 1)
    assert len(first["connectorVersion"]) == 8
    of_group = "query($g: String) {quarantine(group: $g) {reason field}}"
    found = (await ask(filled, OPERATOR, of_group, g=first["key"]))["quarantine"]
    assert found == [{"reason": "status is unknown: 'NEW'", "field": "status"}] * 2


async def test_the_content_is_for_those_who_see_the_record(filled: Stage) -> None:
    await filled.records(report("R1", broken=True, secret=True, title="Rahasia"))
    (secret, *_, last) = (await ask(filled, FULL, ITEMS))["quarantine"]
    assert secret["body"]["title"] == "(sealed)"
    assert (last["field"], last["value"], last["body"]["id"]) == ("status", "NEW", "P1")
    for viewer in (OPERATOR, Viewer(ViewerKind.OFFICER, "clerk", CLERK.scopes | {"hub:operate"})):
        for item in (await ask(filled, viewer, ITEMS))["quarantine"]:
            assert (item["body"], item["value"], item["externalId"]) == (None, None, None)
            assert item["reason"]


async def test_a_preview_tells_what_replay_gives_and_writes_nothing(filled: Stage) -> None:
    known = await ids(filled)
    before = await filled.rows(
        "select count(*), max(id) from quarantine union all select count(*), max(id) from changes"
    )
    done = await act(filled, "replayQuarantine", ids=[known["P1"]], preview=True)
    (outcome,) = done["outcomes"]
    assert (outcome["accepted"], outcome["externalId"], outcome["status"]) == (True, "P1", "SUCCESS")
    assert "reference" in outcome["body"]
    (hidden,) = (await act(filled, "replayQuarantine", OPERATOR, ids=[known["P1"]], preview=True))["outcomes"]
    assert (hidden["accepted"], hidden["externalId"], hidden["body"]) == (True, None, None)
    after = await filled.rows(
        "select count(*), max(id) from quarantine union all select count(*), max(id) from changes"
    )
    assert after == before
    assert await filled.rows("select count(*) from audit_events") == [(0,)]


async def test_a_group_is_replayed_and_recorded(filled: Stage) -> None:
    group = (await ask(filled, FULL, "{quarantineGroups {key}}"))["quarantineGroups"][0]["key"]
    done = await act(filled, "replayQuarantine", group=group)
    assert [(each["accepted"], each["kind"]) for each in done["outcomes"]] == [(True, "payment")] * 2
    assert await filled.rows("select external_id, status from records order by 1") == [
        ("P1", "SUCCESS"),
        ("P2", "SUCCESS"),
    ]
    assert (await act(filled, "replayQuarantine", group=group))["outcomes"] == []
    recorded = await filled.rows("select action, count(*) from audit_events group by action")
    assert recorded == [("quarantine:replay", 2)]


async def test_an_item_that_still_fails_stays_with_its_reason(filled: Stage) -> None:
    (item,) = [each for each in (await ask(filled, FULL, ITEMS))["quarantine"] if each["kind"] is None]
    (outcome,) = (await act(filled, "replayQuarantine", ids=[item["id"]]))["outcomes"]
    assert (outcome["accepted"], outcome["reason"]) == (False, "broken: it says so")
    assert len((await ask(filled, FULL, ITEMS))["quarantine"]) == 3


async def test_items_are_discarded_once_for_a_key(filled: Stage) -> None:
    known = await ids(filled)
    values: dict[str, Any] = {"ids": [known["P1"], "no-number", "999"], "idempotencyKey": "discard-1"}
    assert (await act(filled, "discardQuarantine", preview=True, ids=[known["P1"]]))["outcomes"][0]["accepted"]
    assert [each["id"] for each in (await act(filled, "discardQuarantine", **values))["outcomes"]] == [known["P1"]]
    assert (await act(filled, "discardQuarantine", **values))["repeated"]
    assert await filled.rows("select raw, reason from quarantine where state = 'DISCARDED'") == [({}, "")]
    assert await filled.rows("select action, subject from audit_events") == [
        ("quarantine:discard", f"quarantine:{known['P1']}")
    ]


@pytest.mark.parametrize("values", [{}, {"ids": ["1"], "group": "x"}])
async def test_an_act_names_items_or_a_group(shared: Stage, values: dict[str, Any]) -> None:
    for mutation in ("replayQuarantine", "discardQuarantine"):
        assert (await act(shared, mutation, **values))["problems"] == [{"field": "ids", "code": "REQUIRED"}]


async def test_a_list_takes_the_same_statements_for_any_number(filled: Stage) -> None:
    logs = []
    for number in (1, 50):
        with record_statements() as noted:
            await ask(filled, FULL, f"{{quarantine(first: {number}) {{id body}}}}")
        logs.append(len(noted))
    assert logs[0] == logs[1] <= 3
