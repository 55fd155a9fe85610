"""``hub systems`` and ``hub issues`` as an operator uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hub.cli.main import build_cli
from hub.contract import SystemDeclaration
from hub.errors import BadSetting
from tests.fake_connector import Fake, FakeSettings, payment
from tests.schema.harness import Stage, opened

Run = Callable[..., tuple[int, list[Any]]]
KEYS = {"HUB_PII_KEYS": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", "HUB_SECRET_KEY": "s" * 40}


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with a worker and a complete copy of its system."""
    async with opened(database_url) as stage:
        await stage.run("insert into procrastinate_workers default values")
        await stage.pull(payment("P1"))
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, stage: Stage) -> Run:
    """Runs a command on the database of the test, in another thread, because it starts its own event loop."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def json_of(*arguments: str) -> tuple[int, list[Any]]:
        with ThreadPoolExecutor(1) as threads:
            done = threads.submit(CliRunner().invoke, build_cli(), [*arguments, "--json"]).result()
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, [orjson.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return json_of


@pytest.mark.whole
async def test_an_operator_pauses_and_resumes_a_system(run: Run, stage: Stage) -> None:
    assert run("issues") == (0, [])
    assert run("systems", "pause", "fake") == (0, [{"system": "fake", "done": "systems:pause"}])
    ((listed,),) = (run("systems", "list")[1],)
    assert (listed["name"], listed["state"], listed["paused_at"] is not None) == ("fake", "UP", True)
    with pytest.raises(BadSetting, match="resume it first"):
        run("systems", "pull", "fake")
    assert [each["code"] for each in run("issues")[1]] == ["SYSTEM_PAUSED"]
    (stream,) = run("systems", "streams")[1]
    assert (stream["kind"], stream["state"]) == ("IN", "PAUSED")
    run("systems", "resume", "fake")
    run("systems", "full-run", "fake")
    actions = await stage.rows("select action from audit_events order by id")
    assert [action for (action,) in actions] == ["systems:pause", "systems:resume", "systems:full-run"]


async def test_the_status_has_versions_workers_and_feed(run: Run) -> None:
    code, (found,) = run("status")
    assert (code, found["workers"]["running"]) == (0, 1)
    assert {"hub", "postgresql", "migration", "jobs", "feed", "readers"} <= found.keys()


async def test_an_issue_with_an_alert_fails_the_command(run: Run, stage: Stage) -> None:
    await stage.run("update systems set down_since = now(), trouble = 'no route'")
    code, (issue,) = run("issues", "--language", "id")
    assert (code, issue["code"], issue["title"]) == (1, "SYSTEM_DOWN", "Fake tidak menjawab")
    assert (issue["alert"], issue["detail"]) == ("HubSystemDown", "no route")
