"""``hub deliveries`` as an operator uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from hub.complaints.workflow import Action
from hub.errors import BadSetting
from hub.process.deliveries import commands
from hub.store import migrate
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.viewer import WORKER
from tests.fake import FakeSettings
from tests.schema.stage import CAUSE, Stage, staged
from tests.taking import Taking

Run = Callable[..., Result]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub with one system that takes what is sent."""
    async with staged(database_url) as stage:
        await migrate.migrate(database_url, [(Taking, FakeSettings())])
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command on the database of the test."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    return lambda *words: in_thread(words)


def in_thread(words: tuple[str, ...]) -> Result:
    """A command runs a loop of its own, which the test's thread has already."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(CliRunner().invoke, commands, words).result()


async def forwarded(stage: Stage, state: str, *, secret: bool = False) -> str:
    """The key of a delivery in ``state``."""
    ticket = await stage.complaint("ASSIGNED", secret=secret)
    async with stage.database.write(CAUSE) as db:
        await handling.act(db, CAUSE, WORKER, Act(ticket, Action.FORWARD))
    await stage.run("update deliveries set state = :state where ticket = :ticket", state=state, ticket=ticket)
    return f"{ticket}/1"


async def test_the_list_shows_what_is_not_settled_secret_complaints_too(stage: Stage, run: Run) -> None:
    held, waiting = await forwarded(stage, "HELD", secret=True), await forwarded(stage, "WAITING")
    done = await forwarded(stage, "DONE")
    shown = run("list", "--json")
    assert [orjson.loads(line)["key"] for line in shown.output.splitlines()] == [held, waiting]
    assert [line.split()[0] for line in run("list", "--state", "DONE").output.splitlines()] == [done]
    assert run("list", "--system", "fake", "--json").output == shown.output
    assert run("list", "--state", "LOST").exit_code == 2


async def test_what_is_held_of_a_system_is_retried_at_once(stage: Stage, run: Run) -> None:
    keys = [await forwarded(stage, "HELD") for _ in range(2)]
    await forwarded(stage, "UNKNOWN")
    told = run("retry", "--held", "fake", "--json")
    assert told.exit_code == 0
    assert [orjson.loads(line)["key"] for line in told.output.splitlines()] == keys
    assert await stage.rows("select state from deliveries order by id") == [("WAITING",), ("WAITING",), ("UNKNOWN",)]
    assert await stage.rows("select distinct outcome, actor from delivery_attempts") == [("RETRIED", "operator")]


async def test_it_says_of_each_what_was_done_or_why_not(stage: Stage, run: Run) -> None:
    held, done = await forwarded(stage, "HELD"), await forwarded(stage, "DONE")
    told = run("give-up", held, done, "LG-1999-000001/1")
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        f"{held}: is given up",
        f"{done}: This delivery is done. Only one that is waiting, held, unknown can be decided on.",
        "LG-1999-000001/1: There is no such delivery: see `hub deliveries list`.",
    ]


@pytest.mark.parametrize("words", [("list", "--system", "nowhere"), ("retry", "--held", "nowhere")])
async def test_a_system_that_is_not_there_is_told_with_those_that_are(
    stage: Stage, run: Run, words: tuple[str, ...]
) -> None:
    told = run(*words).exception
    assert isinstance(told, BadSetting)
    assert str(told) == "There is no system nowhere: it is one of fake."


async def test_who_names_nothing_to_retry_is_told_so(stage: Stage, run: Run) -> None:
    told = run("retry")
    assert (told.exit_code, "name deliveries" in told.output) == (2, True)


async def test_what_arrived_is_confirmed_with_its_record(stage: Stage, run: Run) -> None:
    key = await forwarded(stage, "UNKNOWN")
    refused = run("confirm", key)
    assert (refused.exit_code, "externalId" in refused.output) == (1, True)
    assert run("confirm", key, "4410023").exit_code == 0
    assert await stage.rows("select external_id from counterparts") == [("4410023",)]
