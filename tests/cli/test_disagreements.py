"""``hub agreement`` and ``hub disagreements`` as an operator uses them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from hub.agreement import acts
from hub.agreement.acts import MAX_MATTERS
from hub.cli.common import NotFound, operator
from hub.cli.main import build_cli
from hub.errors import BadSetting
from hub.store.use_cases import disagreements
from tests.schema.agreement.conftest import Registers, registered_systems, registers

__all__ = ["registered_systems", "registers"]

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command on the database of the test."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))

    def in_thread(*words: str) -> Result:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(CliRunner().invoke, build_cli(), words).result()

    return in_thread


@pytest.fixture
async def blocked(registers: Registers) -> Registers:
    """Two permits that the region refused to take."""
    await registers.differ("I-1", "I-2")
    await registers.end_deliveries("BLOCKED")
    return registers


def _lines(result: Result) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in result.output.splitlines()]


async def test_totals_and_the_list_are_shown(blocked: Registers, run: Run) -> None:
    (total,) = _lines(run("agreement", "--json"))
    assert (total["key"], total["matters"], total["agreed"]) == ("permit", 2, 0)
    assert "2 matters" in run("agreement", "--by", "cause").output
    assert run("agreement", "--by", "weather").exit_code == 2
    rows = _lines(run("disagreements", "list", "--json"))
    # Both differ since the same moment, so either may be listed first.
    assert sorted(((row["left_id"], row["state"], row["decided_by"]) for row in rows), key=str) == [
        ("I-1", "DIFFERS", "centre"),
        ("I-2", "DIFFERS", "centre"),
    ]
    assert len(run("disagreements", "list").output.splitlines()) == 2
    assert run("disagreements", "list", "--state", "PENDING").output == ""
    assert len(_lines(run("disagreements", "list", "--cause", "NOT_TOLD", "--field", "status", "--json"))) == 2
    assert run("disagreements", "list", "--state", "LOST").exit_code == 2
    assert isinstance(run("disagreements", "list", "--system", "none").exception, BadSetting)


async def test_a_matter_is_shown_with_what_was_sent(blocked: Registers, run: Run) -> None:
    (first, _) = _lines(run("disagreements", "list", "--json"))
    (shown,) = _lines(run("disagreements", "show", str(first["id"]), "--json"))
    assert [each["field"] for each in shown["differences"]] == ["status"]  # type: ignore[attr-defined]
    assert shown["decision"]["trouble"] == "the region refused it"  # type: ignore[index]
    assert len(shown["history"]) == 2  # type: ignore[arg-type]
    text = run("disagreements", "show", str(first["id"])).output
    assert "status: centre ISSUED" in text
    assert "decision for region: BLOCKED, 3 attempts: the region refused it" in text
    assert isinstance(run("disagreements", "show", "999").exception, NotFound)


@pytest.mark.parametrize("most", [MAX_MATTERS, 1])
async def test_all_blocked_decisions_are_sent_again(
    blocked: Registers, run: Run, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for module in (acts, disagreements):
        monkeypatch.setattr(module, "MAX_MATTERS", most)
    planned = run("disagreements", "repair", "--dry-run", "--json")
    assert planned.exit_code == 0
    assert [(row["accepted"], row["done"]) for row in _lines(planned)] == [(True, False)] * 2
    assert await blocked.stage.rows("select distinct state from decisions") == [("BLOCKED",)]
    done = run("disagreements", "repair", "--system", "region", "--json")
    assert [row["done"] for row in _lines(done)] == [True, True]
    assert await blocked.stage.rows("select distinct state from decisions") == [("WAITING",)]
    assert await blocked.stage.rows("select distinct actor from agreement_events where note is not null") == [
        (operator(),)
    ]
    again = run("disagreements", "repair")
    assert (again.exit_code, again.output) == (0, "")


async def test_one_that_cannot_be_resolved_is_named(blocked: Registers, run: Run) -> None:
    (first, second) = (str(row["id"]) for row in _lines(run("disagreements", "list", "--json")))
    ignored = run("disagreements", "resolve", first, "--act", "IGNORE_UNTIL", "--until", "2026-01-01", "--reason", "x")
    assert isinstance(ignored.exception, BadSetting)
    kept = run("disagreements", "resolve", first, second, "999", "--act", "KEEP")
    assert kept.exit_code == 1
    assert [line.split(":")[0] for line in kept.output.splitlines()] == [first, second, "999"]
    assert "centre decides this permit" in kept.output
    assert run("disagreements", "resolve", first, "--act", "FORGET").exit_code == 2
    assert run("disagreements", "resolve", first, "--act", "TELL_AGAIN").exit_code == 0


async def test_a_rehearsal_of_the_stored_declaration_finds_nothing(blocked: Registers, run: Run) -> None:
    result = run("agreement", "rehearse", "--days", "7")
    assert (result.exit_code, result.output) == (0, "0 matters would get another result; nothing was changed.\n")
    assert [run("agreement", "rehearse", "--days", days).exit_code for days in ("0", "1000000")] == [2, 2]
