"""Operators pull, pause and resume systems; each act takes effect, is recorded, and is refused to others."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store import systems
from hub.store.outbox import deliveries
from tests.fake_connector import payment
from tests.schema.harness import CAUSE, CLERK, DELIVERED, Stage
from tests.schema.operations.pulling import full_of_next_pull
from tests.schema.operations.test_issues import OPERATOR

OUTCOME = "{__typename ... on SystemPayload {system {name pausedAt}} ... on InvalidInput {problems {field code}}}"


async def act(stage: Stage, mutation: str, system: str = "fake", **more: Any) -> Any:
    name = f"{mutation[0].upper()}{mutation[1:]}"
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {OUTCOME}}}"
    return (await stage.got(OPERATOR, query, i={"system": system, **more}))[mutation]


async def due(stage: Stage) -> list[str]:
    async with stage.database.read() as db:
        return await systems.due(db)


async def audited(stage: Stage) -> list[Any]:
    statement = "select action, subject, actor from audit_events where action like 'systems:%' order by id"
    return await stage.rows(statement)


async def test_a_system_is_pulled_now_and_recorded(stage: Stage) -> None:
    await stage.pull(payment("P1"))
    assert await due(stage) == []
    assert (await act(stage, "pullNow"))["system"] == {"name": "fake", "pausedAt": None}
    assert await due(stage) == ["fake"]
    assert await audited(stage) == [("systems:pull", "system:fake", "operator")]


async def test_a_requested_full_run_lists_everything_once(stage: Stage) -> None:
    await stage.pull(payment("P1"))
    await act(stage, "fullRun")
    assert await stage.rows("select full_requested_at is not null from systems") == [(True,)]
    assert [await full_of_next_pull(stage), await full_of_next_pull(stage)] == [True, False]


async def test_a_paused_system_is_neither_pulled_nor_sent_to(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    await stage.run(DELIVERED)
    await stage.run("update deliveries set state = 'WAITING', due_at = now()")
    assert (await act(stage, "pauseSystem"))["system"]["pausedAt"]
    async with stage.database.write(CAUSE) as db:
        assert await deliveries.due_systems(db) == []
        assert await deliveries.lease(db, "fake", 60) is None
    assert await due(stage) == []
    refused = await act(stage, "pullNow")
    assert refused["problems"] == [{"field": "system", "code": "NOT_ALLOWED"}]
    assert (await act(stage, "resumeSystem"))["system"] == {"name": "fake", "pausedAt": None}
    async with stage.database.read() as db:
        assert await deliveries.due_systems(db) == ["fake"]
    assert await due(stage) == ["fake"]


async def test_a_repeat_with_the_same_key_acts_once(stage: Stage) -> None:
    for _ in range(2):
        done = await act(stage, "pauseSystem", idempotencyKey="pause-once")
        assert done["__typename"] == "PauseSystemPayload"
    assert len(await audited(stage)) == 1


@pytest.mark.parametrize("mutation", ["pullNow", "fullRun", "pauseSystem", "resumeSystem"])
async def test_an_unknown_system_or_viewer_is_refused(shared: Stage, mutation: str) -> None:
    assert (await act(shared, mutation, "nowhere"))["problems"] == [{"field": "system", "code": "UNKNOWN"}]
    name = f"{mutation[0].upper()}{mutation[1:]}"
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {{__typename}}}}"
    assert (await shared.ask(CLERK, query, i={"system": "fake"})).codes == ["FORBIDDEN"]
    assert await audited(shared) == []
