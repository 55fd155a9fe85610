"""The commands one by one: help, exit codes, and sentences instead of traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.process import ferry, running

COMMANDS = ["run", "serve", "worker", "migrate", "schema", "sandbox", "sync", "quarantine", "doctor"]
COMMANDS += ["clients", "users", "keys"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, tmp_path: Path) -> None:
    assert "Usage: " in running.command(name, "--help", env=running.variables(tmp_path))


def test_a_wrong_setting_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    told = running.command("run", env=running.variables(tmp_path, HUB_PORT="http"), code=2)
    assert told.startswith("HUB_PORT is wrong (")
    assert told.count("\n") == 1


@pytest.mark.parametrize("words", [("run", "--demo"), ("migrate", "--demo"), ("sandbox", "any")])
def test_production_refuses_demonstrations(tmp_path: Path, words: tuple[str, ...]) -> None:
    env = running.variables(
        tmp_path,
        HUB_ENV="production",
        HUB_DATABASE_URL="postgresql://nowhere.example/hub",
        HUB_PUBLIC_URL="https://hub.example",
        HUB_PII_KEYS="a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        HUB_SECRET_KEY="s" * 32,
    )
    assert "refused in production" in running.command(*words, env=env, code=2)


def test_an_unknown_variable_is_warned_about(tmp_path: Path, database_url: str) -> None:
    env = running.variables(tmp_path, HUB_DATABASE_URL=database_url, HUB_PROT="1", HUB_CONNECTORS=",")
    assert "Warning: HUB_PROT is not a setting of the hub; is HUB_PORT meant?" in running.command("doctor", env=env)


def test_doctor_says_what_to_do(tmp_path: Path, empty_database_url: str) -> None:
    ferry.make(tmp_path)
    env = running.variables(
        tmp_path,
        HUB_DATABASE_URL=empty_database_url,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
    )
    found = doctor(env)
    assert {name: one["well"] for name, one in found.items()} == {
        "settings": True,
        "database": True,
        "migrations": False,
        "ferry": False,
    }
    assert "hub migrate" in found["migrations"]["told"]
    assert "HUB_FERRY_URL is missing" in found["ferry"]["told"]
    running.command("migrate", env=env)
    env["HUB_FERRY_URL"] = "http://127.0.0.1:9"
    found = doctor(env)
    assert found["migrations"]["well"]
    assert "ask its owner" in found["ferry"]["told"]


def doctor(env: dict[str, str]) -> dict[str, Any]:
    """What the doctor found, by name."""
    return {one["what"]: one for one in orjson.loads(running.command("doctor", "--json", env=env, code=1))}


def test_doctor_finds_a_database_that_does_not_answer_and_tells_no_password(tmp_path: Path) -> None:
    env = running.variables(tmp_path, HUB_DATABASE_URL="postgresql://hub:hunter2@127.0.0.1:9/hub", HUB_CONNECTORS=",")
    told = running.command("doctor", env=env, code=1)
    assert "FAIL database" in told
    assert "HUB_DATABASE_URL" in told
    assert "hunter2" not in told


def test_an_unknown_system_is_told_with_those_there_are(tmp_path: Path) -> None:
    assert "There is no enabled system nowhere: it is one of " in running.command(
        "sync", "nowhere", env=running.variables(tmp_path, HUB_DATABASE_URL="postgresql://127.0.0.1:9/hub"), code=2
    )


def test_quarantine_says_how_many_were_found(tmp_path: Path, database_url: str) -> None:
    env = running.variables(tmp_path, HUB_DATABASE_URL=database_url)
    assert running.command("quarantine", "list", env=env) == ""
    assert "1 not found" in running.command("quarantine", "discard", "7", env=env, code=1)
    assert "1 not found" in running.command("quarantine", "replay", "7", env=env, code=1)


def test_schema_prints_the_graph_and_its_parts(tmp_path: Path) -> None:
    env = running.variables(tmp_path)
    whole, part = running.command("schema", env=env), running.command("schema", "--subgraph", "payments", env=env)
    assert "type Payment" in whole
    assert "type Payment" in part
    assert len(part) < len(whole)
