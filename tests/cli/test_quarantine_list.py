"""``hub quarantine list`` shows any item, without control characters for the terminal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.quarantine import commands
from hub.contract import SystemDeclaration
from tests.fake_connector import Fake, FakeSettings, payment
from tests.schema.harness import Stage, opened

Lines = Callable[..., list[str]]


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with opened(database_url) as stage:
        yield stage


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Lines:
    """Runs the command in a thread, because it starts its own event loop; returns its lines."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))

    def lines(*arguments: str) -> list[str]:
        with ThreadPoolExecutor(1) as threads:
            result = threads.submit(CliRunner().invoke, commands, ["list", *arguments]).result()
        assert result.exit_code == 0
        return result.output.removesuffix("\n").split("\n")

    return lines


async def test_a_number_of_hundreds_of_digits_breaks_no_list(stage: Stage, listed: Lines) -> None:
    await stage.records(payment("P1", amount=1e300, broken=True), payment("P2", broken=True))
    entries = [json.loads(line) for line in listed("--json")]
    assert sorted(entry["raw"]["id"] for entry in entries) == ["P1", "P2"]
    assert 10**300 in [int(entry["raw"]["amount"]) for entry in entries]
    assert all("ciphertext" not in entry and entry["last_at"].endswith("+00:00") for entry in entries)


async def test_a_terminal_is_sent_no_control_characters(stage: Stage, listed: Lines) -> None:
    await stage.records(payment("P1", broken=True))
    await stage.run("update quarantine set reason = E'uji\\x1b]0;uji\\x07'")
    (line,) = listed()
    assert line.isprintable()
