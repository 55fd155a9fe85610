"""``hub webhooks`` as an operator uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hub.cli.webhooks import commands
from hub.contract import SystemDeclaration
from hub.errors import BadSetting
from hub.store.oauth import clients
from tests.fake_connector import Fake, FakeSettings
from tests.schema.harness import CAUSE, Stage, opened
from tests.sync.webhook_harness import CLIENT

Run = Callable[..., Any]
KEYS = {"HUB_PII_KEYS": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", "HUB_SECRET_KEY": "s" * 40}


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one client."""
    async with opened(database_url) as stage:
        async with stage.database.write(CAUSE) as db:
            await clients.create(db, CLIENT)
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, stage: Stage) -> Run:
    """Runs a command on the database of the test, in another thread, because it starts its own event loop."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    def json_of(*arguments: str) -> Any:
        with ThreadPoolExecutor(1) as threads:
            done = threads.submit(CliRunner().invoke, commands, [*arguments, "--json"]).result()
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return [orjson.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return json_of


async def test_an_operator_manages_the_webhook_of_a_client(run: Run, stage: Stage) -> None:
    (made,) = run("register", CLIENT.id, "https://partner.example/hook", "--kind", "payment")
    assert made["secret"].startswith("whsec_")
    (listed,) = run("list", "--client", CLIENT.id)
    assert (listed["id"], listed["state"], listed["kinds"]) == (made["id"], "UNVERIFIED", ["payment"])
    assert "secret" not in listed
    assert "sealed" not in listed
    run("update", made["id"], "--all-kinds", "--full", "--per-minute", "7")
    (listed,) = run("list")
    assert (listed["kinds"], listed["content"], listed["per_minute"]) == (None, "FULL", 7)
    run("pause", made["id"])
    assert [each["state"] for each in run("list")] == ["PAUSED"]
    run("resume", made["id"])
    assert run("rotate", made["id"])[0]["secret"] != made["secret"]
    assert run("replay", made["id"], "--failed")[0]["deliveries"] == 0
    assert run("deliveries", made["id"], "--state", "DEAD") == []
    run("delete", made["id"])
    assert run("list") == []


async def test_a_wrong_url_says_which_rule(run: Run) -> None:
    with pytest.raises(BadSetting, match="https"):
        run("register", CLIENT.id, "http://partner.example/hook")
