"""The commands one by one: help, exit codes, and sentences instead of traces."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from tests.process import ferry, running

pytestmark = pytest.mark.whole

COMMANDS = ["run", "serve", "worker", "migrate", "schema", "sandbox", "sync", "quarantine", "doctor"]
COMMANDS += ["clients", "users", "keys", "deliveries", "doubts"]


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
        "ferry": True,
    }
    assert "hub migrate" in found["migrations"]["told"]
    assert found["ferry"]["told"].startswith("left out, for HUB_FERRY_URL is not set; its sandbox stands in")
    running.command("migrate", env=env)
    env["HUB_FERRY_URL"] = "http://127.0.0.1:9"
    found = doctor(env)
    assert found["migrations"]["well"]
    assert "ask its owner" in found["ferry"]["told"]


def test_doctor_tells_of_hooks_that_are_off_and_a_wrong_setting_of_one_stops_the_start(
    tmp_path: Path, database_url: str
) -> None:
    ferry.make(tmp_path)
    env = running.variables(
        tmp_path,
        HUB_DATABASE_URL=database_url,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
        HUB_FERRY_URL="http://127.0.0.1:9",
    )
    assert "ferry hooks" not in doctor(env)
    found = doctor(env | {"HUB_FERRY_QUAY": "2"})["ferry hooks"]
    assert (found["well"], found["told"]) == (True, "/hooks/ferry/notify is off: HUB_FERRY_QUAY is not 1.")
    env["HUB_FERRY_QUAY"] = "0"
    found = doctor(env)["ferry hooks"]
    assert (found["well"], found["told"]) == (False, "HUB_FERRY_QUAY names no quay: set it to one.")
    assert running.command("serve", env=env, code=2) == "HUB_FERRY_QUAY names no quay: set it to one.\n"


def test_doctor_wants_every_system_s_address_in_production(tmp_path: Path, database_url: str) -> None:
    ferry.make(tmp_path)
    env = running.variables(
        tmp_path,
        HUB_ENV="production",
        HUB_DATABASE_URL=database_url,
        HUB_PUBLIC_URL="https://hub.example",
        HUB_PII_KEYS="a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        HUB_SECRET_KEY="s" * 32,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
    )
    found = doctor(env)
    assert [name for name, one in found.items() if not one["well"]] == ["ferry"]
    assert "HUB_FERRY_URL is missing" in found["ferry"]["told"]


def test_sync_beside_another_pull_says_that_it_is_busy(tmp_path: Path, database_url: str) -> None:
    ferry.make(tmp_path)
    env = running.variables(
        tmp_path,
        HUB_DATABASE_URL=database_url,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
        HUB_FERRY_URL="http://127.0.0.1:9",
    )
    running.command("migrate", env=env)
    with psycopg.connect(database_url) as other:
        other.execute("select pg_advisory_lock(hashtextextended('pull ferry', 0))")
        told = running.command("sync", "ferry", env=env, code=3)
        (line,) = running.command("sync", "ferry", "--json", env=env, code=3).splitlines()
    assert told == "ferry: busy; another pull of it is running, so this one did nothing. Try again later.\n"
    assert orjson.loads(line)["outcome"] == "BUSY"
    assert "ferry: done in " in running.command("sync", "ferry", env=env)


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


def test_a_sandbox_can_be_called_as_soon_as_it_says_where_it_is(tmp_path: Path) -> None:
    source = ferry.make(tmp_path) / "sandbox.py"
    slow = "    import time\n    time.sleep(2)\n    return "
    source.write_text(source.read_text().replace("    return FerrySandbox", f"{slow}FerrySandbox"))
    log = tmp_path / "log"
    env = running.variables(tmp_path, HUB_CONNECTORS="ferry", HUB_CONNECTORS_PATH=str(tmp_path))
    with running.started("sandbox", "ferry", env=env, log=log):
        for _ in running.until(30, "no address", log):
            if told := re.search(r"HUB_FERRY_URL=(http\S+)\n", log.read_text()):
                break
        assert httpx.get(f"{told[1]}/_control", timeout=30, trust_env=False).json()["name"] == "ferry"


def test_quarantine_says_how_many_were_found(tmp_path: Path, database_url: str) -> None:
    env = running.variables(tmp_path, HUB_DATABASE_URL=database_url)
    assert running.command("quarantine", "list", env=env) == ""
    assert "no system nowhere" in running.command("quarantine", "list", "--system", "nowhere", env=env, code=2)
    assert "1 not found" in running.command("quarantine", "discard", "7", env=env, code=1)
    assert "1 not found" in running.command("quarantine", "replay", "7", env=env, code=1)


def test_schema_prints_the_graph_and_its_parts(tmp_path: Path) -> None:
    env = running.variables(tmp_path)
    whole, part = running.command("schema", env=env), running.command("schema", "--subgraph", "payments", env=env)
    assert "type Payment" in whole
    assert "type Payment" in part
    assert len(part) < len(whole)
