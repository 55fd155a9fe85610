"""Failed deliveries are grouped by error, and operators act on a group; secret complaints stay hidden."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schema.harness import DELIVERED, Stage
from tests.schema.operations.test_issues import OPERATOR

ACT = """mutation($i: ActOnDeliveriesInput!) {actOnDeliveries(input: $i) {__typename
    ... on ActOnDeliveriesPayload {preview repeated outcomes {key accepted message delivery {state}}}
    ... on InvalidInput {problems {field code}}}}"""
GROUPS = "{deliveryGroups {key system state action error count nextAt}}"


async def act(stage: Stage, **values: Any) -> Any:
    return (await stage.got(OPERATOR, ACT, i=values))["actOnDeliveries"]


@pytest.fixture
async def failed(stage: Stage) -> Stage:
    """A stage with three deliveries that fail for one reason, one for another, and one of a secret complaint."""
    await stage.complaints("ASSIGNED", [{}, {}, {}, {"title": "Bus lain tidak berhenti"}, {"secret": True}])
    await stage.run(DELIVERED)
    await stage.run("update deliveries set trouble = 'HTTP 500 for report ' || id")
    await stage.run("""update deliveries set trouble = 'refused' where complaint_id in
        (select id from complaints where title like 'Bus lain%')""")
    return stage


async def groups(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await stage.got(OPERATOR, GROUPS))["deliveryGroups"]
    return found


async def test_deliveries_are_grouped_by_error_without_numbers(failed: Stage) -> None:
    first, second = await groups(failed)
    assert (first["error"], first["count"], first["state"]) == ("HTTP # for report #", 3, "BLOCKED")
    assert (second["error"], second["count"], second["nextAt"]) == ("refused", 1, None)
    query = "query($g: [String!]) {deliveries(filter: {group: $g}) {totalCount}}"
    assert (await failed.got(OPERATOR, query, g=[first["key"]]))["deliveries"] == {"totalCount": 3}


async def test_a_preview_decides_nothing(failed: Stage) -> None:
    key = (await groups(failed))[0]["key"]
    done = await act(failed, act="CONFIRM", group=key, preview=True)
    assert [each["accepted"] for each in done["outcomes"]] == [False] * 3
    done = await act(failed, act="RETRY", group=key, preview=True)
    assert {(each["accepted"], each["delivery"]["state"]) for each in done["outcomes"]} == {(True, "BLOCKED")}
    assert await failed.rows("select count(*) from audit_events") == [(0,)]


async def test_a_group_is_retried_and_each_is_recorded(failed: Stage) -> None:
    key = (await groups(failed))[0]["key"]
    done = await act(failed, act="RETRY", group=key, idempotencyKey="retry-all-1")
    assert [each["delivery"]["state"] for each in done["outcomes"]] == ["WAITING"] * 3
    assert (await act(failed, act="RETRY", group=key, idempotencyKey="retry-all-1"))["repeated"]
    assert await failed.rows("select action, count(*) from audit_events group by action") == [("deliveries:retry", 3)]
    assert [group["count"] for group in await groups(failed)] == [1]


async def test_deliveries_of_secret_complaints_are_not_decided(failed: Stage) -> None:
    of_secret = "select d.key from deliveries d join complaints c on c.id = complaint_id where secret"
    ((secret,),) = await failed.rows(of_secret)
    (outcome,) = (await act(failed, act="GIVE_UP", keys=[secret]))["outcomes"]
    assert (outcome["accepted"], outcome["delivery"]) == (False, None)
    assert await failed.rows("select distinct state from deliveries") == [("BLOCKED",)]


async def test_keys_are_decided_each_for_itself(failed: Stage) -> None:
    (first,), (second,) = await failed.rows("select key from deliveries order by id limit 2")
    await failed.run("update deliveries set state = 'DONE' where key = :key", key=second)
    done = await act(failed, act="GIVE_UP", keys=[first, second])
    assert [each["accepted"] for each in done["outcomes"]] == [True, False]
    assert (await act(failed, act="RETRY"))["problems"] == [{"field": "keys", "code": "REQUIRED"}]
