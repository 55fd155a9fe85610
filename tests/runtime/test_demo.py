"""The commands in one data folder find its running sandboxes, whichever ends first."""

from __future__ import annotations

import base64
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.runtime import demo, local_keys
from hub.runtime.local_keys import with_keys
from hub.runtime.run import RunInfo, _issue_demo_tokens
from hub.settings import Settings

VARIABLE = "HUB_LAPOR_URL"
FIRST, SECOND = {VARIABLE: "http://127.0.0.1:1"}, {VARIABLE: "http://127.0.0.1:2"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return the URL at which a command would find the system."""
    monkeypatch.setattr(os, "environ", {})
    demo.load_variables(settings)
    return os.environ.get(VARIABLE)


def test_where_a_second_sandbox_ends_the_first_is_found_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo.variables_file(settings, "lapor", FIRST):
        with demo.variables_file(settings, "lapor", SECOND):
            assert found(settings, monkeypatch) == SECOND[VARIABLE]
        assert found(settings, monkeypatch) == FIRST[VARIABLE]
    assert found(settings, monkeypatch) is None


def test_where_the_first_ends_the_second_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(demo.variables_file(settings, "lapor", FIRST))
    second.enter_context(demo.variables_file(settings, "lapor", SECOND))
    first.close()
    assert found(settings, monkeypatch) == SECOND[VARIABLE]


def test_what_a_run_that_was_killed_left_is_forgotten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = demo.variables_file(settings, "lapor", FIRST)
    killed.__enter__()
    assert found(settings, monkeypatch)
    demo.delete_leftover_variables(settings)
    assert found(settings, monkeypatch) is None


async def test_the_tokens_sync_systems_at_real_addresses_too(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_BLANGKON_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HUB_QUERY_TOKEN", "")
    settings = with_keys(Settings(data_dir=tmp_path, database_url=database_url, connectors=("blangkon",)))
    info = RunInfo("http://127.0.0.1:2")
    await _issue_demo_tokens(settings, info)
    for name in ("officer", "central"):
        claims = json.loads(base64.urlsafe_b64decode(info.tokens[name].split(".")[1] + "=="))
        assert "records:sync.blangkon" in claims["scope"].split()


def test_a_key_is_on_the_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    monkeypatch.setattr(local_keys, "fsync", lambda path: did.append(f"sync {path.name.partition('.')[0]}"))

    def link(fresh: Path, path: Path) -> None:
        did.append("link")
        shutil.copy(fresh, path)

    monkeypatch.setattr(os, "link", link)
    assert local_keys.load_or_create(tmp_path / "demo" / "pii_key") == (tmp_path / "demo" / "pii_key").read_text()
    assert did == ["sync pii_key", "link", "sync demo"]
    local_keys.write_private(tmp_path / "demo" / "note", "text")
    assert did[3:] == ["sync note", "sync demo"]
