"""What the graph shows of systems, whatever their pulls have stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.contract import SystemDeclaration
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import Fake, FakeSettings
from tests.schema.harness import ANONYMOUS, Stage, opened


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system."""
    async with opened(database_url) as stage:
        yield stage


async def test_a_pull_delayed_by_milliseconds_hides_no_system(stage: Stage) -> None:
    """The year 58879, which no driver reads, may be stored by earlier versions."""
    await stage.run("update systems set next_pull_at = to_timestamp(1795884000000)")
    assert await stage.got(ANONYMOUS, "{systems {name state}}") == {"systems": [{"name": "fake", "state": "STARTING"}]}


async def test_issues_are_shown_to_operators_only(stage: Stage) -> None:
    detail = "The system's clock is 3600 s ahead of the hub's, see https://lapor.example/?token=1"
    await stage.run(
        "insert into system_issues (system, code, detail) values ('fake', 'CLOCK_SKEW', :detail)", detail=detail
    )
    query = "{systems {name issues {code message}}}"
    operator = Viewer(ViewerKind.OFFICER, "operator", frozenset({"hub:operate"}))
    (system,) = (await stage.got(operator, query))["systems"]
    assert system["issues"] == [
        {"code": "CLOCK_SKEW", "message": "The system's clock is 3600 s ahead of the hub's, see …"}
    ]
    answer = await stage.ask(ANONYMOUS, query)
    assert answer.data == {"systems": [{"name": "fake", "issues": None}]}
