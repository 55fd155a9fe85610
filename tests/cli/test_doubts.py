"""``hub doubts``: a decision applies until the system reports something new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from hub.cli import common
from hub.cli.common import NotFound
from hub.cli.doubts import commands
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.contract import Raw, SystemDeclaration
from hub.errors import BadSetting
from tests.fake_connector import Fake, FakeSettings, order, payment
from tests.schema.harness import Stage, opened

Run = Callable[..., Result]
FAILED, COMPLETED = order("O1", status="FAILED"), order("O1", status="COMPLETED")


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub whose system reports that an order failed, and then that it is completed."""
    async with opened(database_url) as stage:
        await stage.pull(payment("P1"), order("O2"), FAILED, COMPLETED)
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command on the database of the test, in a thread, because it starts its own event loop."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    monkeypatch.setattr(registry, "enabled", lambda _: [Enabled(Fake, FakeSettings())])

    def command(*arguments: str) -> Result:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(CliRunner().invoke, commands, arguments).result()

    return command


async def status(stage: Stage) -> str:
    """Return the stored status of the order."""
    ((found,),) = await stage.rows("select status from records where external_id = 'O1'")
    return str(found)


async def test_the_list_shows_doubtful_records_with_both_versions(stage: Stage, run: Run) -> None:
    (line,) = run("list", "--json").output.splitlines()
    doubt = orjson.loads(line)
    assert (doubt["system"], doubt["kind"], doubt["external_id"], doubt["source_status"]) == (
        "fake",
        "order",
        "O1",
        "COMPLETED",
    )
    assert run("list").output.split()[:2] == ["fake", "O1"]


@pytest.mark.parametrize("decided", ["COMPLETED", "FAILED"])
async def test_a_decision_lasts_when_both_versions_arrive_again(
    stage: Stage, run: Run, decided: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("decide", "fake", "O1", decided)
    assert (done.exit_code, done.output) == (0, f"O1 is {decided}.\n")
    assert run("list").output == ""
    for batch in (100, 1):
        monkeypatch.setattr("hub.sync.pull.BATCH", batch)
        await stage.pull(payment("P1"), order("O2"), FAILED, COMPLETED)
        assert await status(stage) == decided
    ((cause, actor, before, after),) = await stage.rows(
        "select cause, actor, before ->> 'status', after ->> 'status' from changes order by id desc limit 1"
    )
    assert (cause, actor, before, after) == ("doubts:decide", common.operator(), "IN_DOUBT", decided)


@pytest.mark.parametrize(
    ("news", "holds"),
    [
        ([FAILED], "IN_DOUBT"),
        ([order("O1", status="FAILED", version=1)], "FAILED"),
        ([FAILED, {**COMPLETED, "amount": "7"}], "COMPLETED"),
    ],
    ids=["the other word alone", "a newer word", "the same word with news"],
)
async def test_a_new_version_replaces_the_decision(stage: Stage, run: Run, news: list[Raw], holds: str) -> None:
    run("decide", "fake", "O1", "COMPLETED")
    await stage.pull(order("O2"), *news)
    assert await status(stage) == holds


async def test_an_impossible_decision_is_refused(stage: Stage, run: Run) -> None:
    for arguments in (("fake", "O2", "FAILED"), ("fake", "P1", "FAILED"), ("nobody", "O1", "FAILED")):
        done = run("decide", *arguments)
        assert isinstance(done.exception, NotFound)
        assert str(done.exception) == f"There is no {arguments[1]} of {arguments[0]} in doubt."
    for wrong in ("IN_DOUBT", "UNKNOWN", "selesai"):
        done = run("decide", "fake", "O1", wrong)
        assert done.exit_code == 2
        assert "PENDING, COMPLETED, FAILED" in done.output
    assert await status(stage) == "IN_DOUBT"


async def test_a_terminal_is_sent_no_control_characters(stage: Stage, run: Run) -> None:
    await stage.run("update records set told = E'gagal\\x1b]0;Uji\\x07' where external_id = 'O1'")
    assert run("list").output.rstrip("\n").isprintable()
    assert "gagal\\x1b]0;Uji\\x07" in run("list").output


async def test_a_database_of_another_version_is_one_sentence(stage: Stage, run: Run) -> None:
    await stage.run("update alembic_version set version_num = '0001'")
    error = run("list").exception
    assert isinstance(error, BadSetting)
    assert str(error) == "The database is not migrated to this version: run `hub migrate` first."
