"""How the commands in one data folder find the sandboxes that run there, whichever ends first."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.process import demo
from hub.settings import Settings

VARIABLE = "HUB_LAPOR_URL"
FIRST, SECOND = {VARIABLE: "http://127.0.0.1:1"}, {VARIABLE: "http://127.0.0.1:2"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Where a command would look for the system."""
    monkeypatch.setattr(os, "environ", {})
    demo.recall(settings)
    return os.environ.get(VARIABLE)


def test_where_a_second_sandbox_ends_the_first_is_found_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo.remembered(settings, "lapor", FIRST):
        with demo.remembered(settings, "lapor", SECOND):
            assert found(settings, monkeypatch) == SECOND[VARIABLE]
        assert found(settings, monkeypatch) == FIRST[VARIABLE]
    assert found(settings, monkeypatch) is None


def test_where_the_first_ends_the_second_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(demo.remembered(settings, "lapor", FIRST))
    second.enter_context(demo.remembered(settings, "lapor", SECOND))
    first.close()
    assert found(settings, monkeypatch) == SECOND[VARIABLE]


def test_what_a_run_that_was_killed_left_is_forgotten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = demo.remembered(settings, "lapor", FIRST)
    killed.__enter__()
    assert found(settings, monkeypatch)
    demo.forget(settings)
    assert found(settings, monkeypatch) is None
