"""``hub deliveries`` as an operator uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from hub.cli.common import operator
from hub.cli.deliveries import commands
from hub.complaints.workflow import Action
from hub.contract import SystemDeclaration
from hub.errors import BadSetting
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.viewer import WORKER
from tests.fake_connector import FakeSettings
from tests.fake_receiver import ReceivingConnector
from tests.schema.harness import CAUSE, Stage, opened

Run = Callable[..., Result]


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (ReceivingConnector.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that accepts deliveries."""
    async with opened(database_url) as stage:
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command on the database of the test."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    return lambda *arguments: in_thread(arguments)


def in_thread(arguments: tuple[str, ...]) -> Result:
    """Run a command in another thread, because it starts its own event loop."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(CliRunner().invoke, commands, arguments).result()


async def forwarded(stage: Stage, state: str, *, secret: bool = False) -> str:
    """Return the key of a delivery in ``state``."""
    ticket = await stage.complaint("ASSIGNED", secret=secret)
    async with stage.database.write(CAUSE) as db:
        await transitions.transition(db, CAUSE, WORKER, Transition(ticket, Action.FORWARD))
    await stage.run("update deliveries set state = :state where ticket = :ticket", state=state, ticket=ticket)
    return f"{ticket}/1"


async def test_the_list_shows_unsettled_deliveries_even_secret_ones(stage: Stage, run: Run) -> None:
    blocked, waiting = await forwarded(stage, "BLOCKED", secret=True), await forwarded(stage, "WAITING")
    done = await forwarded(stage, "DONE")
    shown = run("list", "--json")
    assert [orjson.loads(line)["key"] for line in shown.output.splitlines()] == [blocked, waiting]
    assert [line.split()[0] for line in run("list", "--state", "DONE").output.splitlines()] == [done]
    assert run("list", "--system", "fake", "--json").output == shown.output
    assert run("list", "--state", "LOST").exit_code == 2


async def test_blocked_deliveries_of_a_system_are_retried_together(stage: Stage, run: Run) -> None:
    keys = [await forwarded(stage, "BLOCKED") for _ in range(2)]
    await forwarded(stage, "OUTCOME_UNKNOWN")
    results = run("retry", "--blocked", "fake", "--json")
    assert results.exit_code == 0
    assert [orjson.loads(line)["key"] for line in results.output.splitlines()] == keys
    assert await stage.rows("select state from deliveries order by id") == [
        ("WAITING",),
        ("WAITING",),
        ("OUTCOME_UNKNOWN",),
    ]
    assert await stage.rows("select distinct outcome, actor from delivery_attempts") == [("RETRIED", operator())]


async def test_each_delivery_is_reported_with_its_outcome_or_reason(stage: Stage, run: Run) -> None:
    blocked, done = await forwarded(stage, "BLOCKED"), await forwarded(stage, "DONE")
    results = run("give-up", blocked, done, "LG-1999-000001/1")
    assert results.exit_code == 1
    assert results.output.splitlines() == [
        f"{blocked}: is given up",
        f"{done}: This delivery is done. Only one that is waiting, blocked, outcome unknown can be decided on.",
        "LG-1999-000001/1: There is no such delivery: see `hub deliveries list`.",
    ]


@pytest.mark.parametrize("arguments", [("list", "--system", "nowhere"), ("retry", "--blocked", "nowhere")])
async def test_an_unknown_system_is_refused_with_the_known_ones(
    stage: Stage, run: Run, arguments: tuple[str, ...]
) -> None:
    error = run(*arguments).exception
    assert isinstance(error, BadSetting)
    assert str(error) == "There is no system nowhere: it is one of fake."


async def test_a_retry_without_a_target_is_refused(stage: Stage, run: Run) -> None:
    result = run("retry")
    assert (result.exit_code, "name deliveries" in result.output) == (2, True)


async def test_what_arrived_is_confirmed_with_its_record(stage: Stage, run: Run) -> None:
    key = await forwarded(stage, "OUTCOME_UNKNOWN")
    refused = run("confirm", key)
    assert (refused.exit_code, "externalId" in refused.output) == (1, True)
    assert run("confirm", key, "4410023").exit_code == 0
    assert await stage.rows("select external_id from counterparts") == [("4410023",)]
