"""``hub doubts`` as an operator uses it: what is decided holds until the system says something new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from hub.connectors import registry
from hub.connectors.base import Raw
from hub.connectors.registry import Enabled
from hub.process.doubts import commands
from hub.process.operator import NotThere
from tests.fake import Fake, FakeSettings, order, payment
from tests.schema.stage import Stage, staged

Run = Callable[..., Result]
FAILED, COMPLETED = order("O1", status="FAILED"), order("O1", status="COMPLETED")


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub whose system says of one order that it failed, and then that it is completed."""
    async with staged(database_url) as stage:
        await stage.pull(payment("P1"), order("O2"), FAILED, COMPLETED)
        yield stage


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command on the database of the test, in a thread, because it runs a loop of its own."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))
    monkeypatch.setattr(registry, "enabled", lambda _: [Enabled(Fake, FakeSettings())])

    def command(*words: str) -> Result:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(CliRunner().invoke, commands, words).result()

    return command


async def status(stage: Stage) -> str:
    """What holds of the order."""
    ((held,),) = await stage.rows("select status from records where external_id = 'O1'")
    return str(held)


async def test_the_list_shows_what_is_in_doubt_with_its_last_word(stage: Stage, run: Run) -> None:
    (line,) = run("list", "--json").output.splitlines()
    doubt = orjson.loads(line)
    assert (doubt["system"], doubt["kind"], doubt["external_id"], doubt["told"]) == ("fake", "order", "O1", "COMPLETED")
    assert run("list").output.split()[:2] == ["fake", "O1"]


@pytest.mark.parametrize("decided", ["COMPLETED", "FAILED"])
async def test_what_is_decided_holds_however_often_both_words_come_again(
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
    assert (cause, actor, before, after) == ("doubts:decide", "operator", "IN_DOUBT", decided)


@pytest.mark.parametrize(
    ("news", "holds"),
    [
        ([FAILED], "IN_DOUBT"),
        ([order("O1", status="FAILED", version=1)], "FAILED"),
        ([FAILED, {**COMPLETED, "amount": "7"}], "COMPLETED"),
    ],
    ids=["the other word alone", "a newer word", "the same word with news"],
)
async def test_what_the_system_says_anew_counts(stage: Stage, run: Run, news: list[Raw], holds: str) -> None:
    run("decide", "fake", "O1", "COMPLETED")
    await stage.pull(order("O2"), *news)
    assert await status(stage) == holds


async def test_what_cannot_be_decided_is_told(stage: Stage, run: Run) -> None:
    for words in (("fake", "O2", "FAILED"), ("fake", "P1", "FAILED"), ("nobody", "O1", "FAILED")):
        done = run("decide", *words)
        assert isinstance(done.exception, NotThere)
        assert str(done.exception) == f"There is no {words[1]} of {words[0]} in doubt."
    for wrong in ("IN_DOUBT", "UNKNOWN", "selesai"):
        done = run("decide", "fake", "O1", wrong)
        assert done.exit_code == 2
        assert "PENDING, COMPLETED, FAILED" in done.output
    assert await status(stage) == "IN_DOUBT"
