"""Issues in the graph and on the command line come and go with their cause, and only operators see them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.api.event_counter import EventCounter
from hub.api.metrics import Metrics
from hub.schema.operator_tools import KeptCount
from hub.store.operations.event_counts import Event
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import payment
from tests.schema.harness import CLERK, Stage

OPERATOR = Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"}))
QUERY = "{operatorIssues {code severity subject subjectId title since count detail act command}}"


@pytest.fixture
async def running(stage: Stage) -> Stage:
    """A stage with a worker and a complete copy of its system."""
    await stage.run("insert into procrastinate_workers default values")
    await stage.pull(payment("P1"))
    return stage


async def codes(stage: Stage) -> list[str]:
    found: list[dict[str, Any]] = (await stage.got(OPERATOR, QUERY))["operatorIssues"]
    return [each["code"] for each in found]


async def test_an_issue_comes_and_goes_with_its_cause(running: Stage) -> None:
    assert await codes(running) == []
    await running.pull(payment("P2", broken=True, payer="Ani"), payment("P1"))
    (issue,) = (await running.got(OPERATOR, QUERY))["operatorIssues"]
    assert (issue["code"], issue["subjectId"], issue["count"]) == ("QUARANTINE_WAITS", "fake", 1)
    assert issue["title"] == "1 butir Fake dikarantina"
    assert issue["since"]
    await running.pull(payment("P2"), payment("P1"))
    await running.run("update quarantine set state = 'DISCARDED'")
    assert await codes(running) == []


async def test_the_last_error_is_shown_without_what_it_quotes(running: Stage) -> None:
    await running.run("update systems set down_since = now(), trouble = 'https://x.example/?token=1 says 081100000001'")
    (issue,) = (await running.got(OPERATOR, QUERY))["operatorIssues"]
    assert (issue["code"], issue["detail"], issue["act"]) == ("SYSTEM_DOWN", "… says …", "pullNow")
    assert issue["command"] == "hub systems pull fake"


async def test_issues_can_be_filtered(running: Stage) -> None:
    await running.run("update systems set down_since = now(), paused_at = now()")
    query = "query($s: [OperatorIssueSeverity!], $i: String) {operatorIssues(severities: $s, subjectId: $i) {code}}"
    assert (await running.got(OPERATOR, query, s=["INFO"]))["operatorIssues"] == [{"code": "SYSTEM_PAUSED"}]
    assert (await running.got(OPERATOR, query, i="other"))["operatorIssues"] == []


async def test_failures_of_all_processes_are_one_issue(running: Stage) -> None:
    for number in (1, 2):
        counter = EventCounter(running.database)
        for _ in range(number):
            counter.count(Event.OPERATION_FAILED)
        await counter.close()
    (issue,) = (await running.got(OPERATOR, QUERY))["operatorIssues"]
    assert (issue["code"], issue["severity"], issue["count"]) == ("OPERATIONS_FAIL", "CRITICAL", 3)
    await running.run("update event_counts set minute = minute - interval '1 hour'")
    assert await codes(running) == []


async def test_calls_that_a_process_refused_are_an_issue(running: Stage) -> None:
    counter = EventCounter(running.database)
    metrics = Metrics(events=counter)
    for number in range(22):
        metrics.count_webhook("fake", "v1/notify", "refused" if number else "taken")
    await counter.close()
    (issue,) = (await running.got(OPERATOR, QUERY))["operatorIssues"]
    assert (issue["code"], issue["subjectId"], issue["count"]) == ("HOOKS_REFUSED", "fake", 21)


async def test_issues_are_counted(running: Stage) -> None:
    query = "query($age: Int!) {operatorIssueCount(maxAgeSeconds: $age)}"
    assert await running.got(OPERATOR, query, age=10) == {"operatorIssueCount": 0}
    await running.run("update systems set paused_at = now()")
    assert await running.got(OPERATOR, query, age=0) == {"operatorIssueCount": 1}
    assert (await running.ask(OPERATOR, query, age=61)).codes == ["BAD_INPUT"]
    assert (await running.ask(CLERK, query, age=10)).codes == ["FORBIDDEN"]


async def test_a_count_is_kept_and_made_once_for_all_who_wait() -> None:
    kept, made = KeptCount(), iter(range(1, 9))

    async def count() -> int:
        await asyncio.sleep(0)
        return next(made)

    assert await asyncio.gather(*(kept.get(60, count) for _ in range(3))) == [1, 1, 1]
    assert (await kept.get(0, count), await kept.get(60, count)) == (2, 2)


async def test_only_operators_see_issues(running: Stage) -> None:
    assert (await running.ask(CLERK, QUERY)).codes == ["FORBIDDEN"]
