"""The commands: help, exit codes, and messages without tracebacks."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import httpx
import orjson
import psycopg
import pytest

from tests import hub_processes
from tests.connectors import fake_connector_folder
from tests.test_settings import KEY, SECRET
from tests.waits import HANGS_AFTER, steps

pytestmark = pytest.mark.whole

NOWHERE = "postgresql://hub:hunter2@127.0.0.1:9/hub"
"""An address without a database."""
QUARANTINED = """
insert into quarantine (system, digest, reason, raw, declared, state, times, first_at, last_at)
values ('blangkon', '\\x01', 'odd', '{"order_id": "GO-1"}', true, 'OPEN', 1, now(), now()) returning id
"""
COMMANDS = ["run", "serve", "worker", "migrate", "schema", "sandbox", "sync", "quarantine", "doctor"]
COMMANDS += ["clients", "users", "keys", "deliveries", "doubts"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, tmp_path: Path) -> None:
    assert "Usage: " in hub_processes.command(name, "--help", env=hub_processes.variables(tmp_path))


def _ferry(tmp_path: Path, database_url: str) -> dict[str, str]:
    """Return the settings of a hub with only the test's connector, whose system does not respond."""
    fake_connector_folder.make(tmp_path)
    return hub_processes.variables(
        tmp_path,
        HUB_DATABASE_URL=database_url,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
        HUB_FERRY_URL="http://127.0.0.1:9",
    )


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert hub_processes.command("--version", env=hub_processes.variables(tmp_path)) == f"hub {version('hub')}\n"


def test_a_wrong_setting_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    output = hub_processes.command("run", env=hub_processes.variables(tmp_path, HUB_PORT="http"), code=2)
    assert output.startswith("HUB_PORT is wrong (")
    assert output.count("\n") == 1


@pytest.mark.parametrize("arguments", [("run", "--demo"), ("migrate", "--demo"), ("sandbox", "any")])
def test_production_refuses_demonstrations(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    env = hub_processes.variables(
        tmp_path,
        HUB_ENV="production",
        HUB_DATABASE_URL="postgresql://nowhere.example/hub",
        HUB_PUBLIC_URL="https://hub.example",
        HUB_PII_KEYS=KEY,
        HUB_SECRET_KEY=SECRET,
    )
    assert "refused in production" in hub_processes.command(*arguments, env=env, code=2)


def test_an_unknown_variable_is_warned_about(tmp_path: Path) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=NOWHERE, HUB_PROT="1", HUB_CONNECTORS=",")
    output = hub_processes.command("doctor", env=env, code=1)
    assert "Warning: HUB_PROT is not a setting of the hub; is HUB_PORT meant?" in output


def test_doctor_explains_what_to_do(tmp_path: Path, empty_database_url: str) -> None:
    fake_connector_folder.make(tmp_path)
    env = hub_processes.variables(
        tmp_path,
        HUB_DATABASE_URL=empty_database_url,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
    )
    found = hub_processes.doctor_findings(env)
    del found["durability"]  # It is as the server of the tests is.
    assert {name: one["ok"] for name, one in found.items()} == {
        "settings": True,
        "database": True,
        "migrations": False,
        "ferry": True,
    }
    assert "hub migrate" in found["migrations"]["message"]
    assert found["ferry"]["message"].startswith("skipped, because HUB_FERRY_URL is not set; its sandbox replaces it")
    hub_processes.command("migrate", env=env)
    env["HUB_FERRY_URL"] = "http://127.0.0.1:9"
    found = hub_processes.doctor_findings(env)
    assert found["migrations"]["ok"]
    assert "ask its owner" in found["ferry"]["message"]


def test_doctor_reports_webhooks_that_are_off(tmp_path: Path, database_url: str) -> None:
    env = _ferry(tmp_path, database_url)
    assert "ferry hooks" not in hub_processes.doctor_findings(env)
    found = hub_processes.doctor_findings(env | {"HUB_FERRY_QUAY": "2"})["ferry hooks"]
    assert (found["ok"], found["message"]) == (True, "/hooks/ferry/notify is off: HUB_FERRY_QUAY is not 1.")
    env["HUB_FERRY_QUAY"] = "0"
    found = hub_processes.doctor_findings(env)["ferry hooks"]
    assert (found["ok"], found["message"]) == (False, "HUB_FERRY_QUAY names no quay: set it to one.")
    assert hub_processes.command("serve", env=env, code=2) == "HUB_FERRY_QUAY names no quay: set it to one.\n"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_starts_on_a_database_that_is_not_migrated(
    tmp_path: Path, empty_database_url: str, command: str
) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=empty_database_url, HUB_CONNECTORS=",")
    refused = "The database is not migrated to this version: run `hub migrate` first.\n"
    assert hub_processes.command(command, env=env, code=2) == refused


def test_doctor_reports_what_pulls_found(tmp_path: Path, database_url: str) -> None:
    fake_connector_folder.make(tmp_path)
    env = hub_processes.variables(
        tmp_path, HUB_DATABASE_URL=database_url, HUB_CONNECTORS="ferry", HUB_CONNECTORS_PATH=str(tmp_path)
    )
    hub_processes.command("migrate", env=env)
    with psycopg.connect(database_url) as connection:
        connection.execute("update systems set next_pull_at = to_timestamp(1795884000000)")
        connection.execute(
            "insert into system_issues (system, code, detail) values ('ferry', 'CLOCK_SKEW', 'It is off')"
        )
    found = hub_processes.doctor_findings(env)
    assert (found["ferry issue"]["ok"], found["ferry issue"]["message"]) == (False, "CLOCK_SKEW: It is off.")
    assert not found["ferry pull"]["ok"]
    assert "20,7" in found["ferry pull"]["message"]
    refused = hub_processes.command("sync", "ferry", "--confirm-gone", env=env, code=2)
    assert refused == "--confirm-gone needs --full: only a full run finds what is gone.\n"


def test_doctor_wants_every_system_s_address_in_production(tmp_path: Path, database_url: str) -> None:
    fake_connector_folder.make(tmp_path)
    env = hub_processes.variables(
        tmp_path,
        HUB_ENV="production",
        HUB_DATABASE_URL=database_url,
        HUB_PUBLIC_URL="https://hub.example",
        HUB_PII_KEYS=KEY,
        HUB_SECRET_KEY=SECRET,
        HUB_CONNECTORS="ferry",
        HUB_CONNECTORS_PATH=str(tmp_path),
    )
    found = hub_processes.doctor_findings(env)
    del found["durability"]  # It is as the server of the tests is.
    assert [name for name, one in found.items() if not one["ok"]] == ["ferry"]
    assert "HUB_FERRY_URL is missing" in found["ferry"]["message"]


def test_sync_beside_another_pull_reports_it_is_busy(tmp_path: Path, database_url: str) -> None:
    env = _ferry(tmp_path, database_url)
    hub_processes.command("migrate", env=env)
    with psycopg.connect(database_url) as other:
        other.execute("select pg_advisory_lock(hashtextextended('pull ferry', 0))")
        output = hub_processes.command("sync", "ferry", env=env, code=3)
        (line,) = hub_processes.command("sync", "ferry", "--json", env=env, code=3).splitlines()
    assert output == "ferry: busy; another pull of it is running, so this one did nothing. Try again later.\n"
    assert orjson.loads(line)["outcome"] == "BUSY"
    assert "ferry: done in " in hub_processes.command("sync", "ferry", env=env)


def test_doctor_reports_a_lost_database_without_its_password(tmp_path: Path) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=NOWHERE, HUB_CONNECTORS=",")
    output = hub_processes.command("doctor", env=env, code=1)
    assert "FAIL database" in output
    assert "HUB_DATABASE_URL" in output
    assert "hunter2" not in output


def test_an_unknown_system_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    assert "There is no enabled system nowhere: it is one of " in hub_processes.command(
        "sync",
        "nowhere",
        env=hub_processes.variables(tmp_path, HUB_DATABASE_URL="postgresql://127.0.0.1:9/hub"),
        code=2,
    )


def test_a_sandbox_serves_once_it_prints_its_address(tmp_path: Path) -> None:
    source = fake_connector_folder.make(tmp_path) / "sandbox.py"
    slow = "    import time\n    time.sleep(2)\n    return "
    source.write_text(source.read_text().replace("    return FerrySandbox", f"{slow}FerrySandbox"))
    log = tmp_path / "log"
    env = hub_processes.variables(tmp_path, HUB_CONNECTORS="ferry", HUB_CONNECTORS_PATH=str(tmp_path))
    with hub_processes.started("sandbox", "ferry", env=env, log=log):
        for _ in steps("no address", log):
            if match := re.search(r"HUB_FERRY_URL=(http\S+)\n", log.read_text()):
                break
        assert match
        assert httpx.get(f"{match[1]}/_control", timeout=HANGS_AFTER, trust_env=False).json()["name"] == "ferry"


def test_quarantine_prints_the_total(tmp_path: Path, database_url: str) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=database_url)
    assert hub_processes.command("quarantine", "list", env=env) == ""
    assert "no system nowhere" in hub_processes.command("quarantine", "list", "--system", "nowhere", env=env, code=2)
    assert "1 not found" in hub_processes.command("quarantine", "discard", "7", env=env, code=1)
    assert "1 not found" in hub_processes.command("quarantine", "replay", "7", env=env, code=1)
    assert hub_processes.command("audit", env=env) == "", "nothing was done, so nothing is recorded"


def test_what_is_replayed_in_vain_is_shown_with_its_new_number(tmp_path: Path, database_url: str) -> None:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=database_url, HUB_CONNECTORS="blangkon")
    hub_processes.command("migrate", env=env)
    with psycopg.connect(database_url, autocommit=True) as db:
        ((number,),) = db.execute(QUARANTINED).fetchall()
    out = hub_processes.command("quarantine", "replay", str(number), str(number + 1), env=env, code=1)
    counts, entry, *rest = out.strip().split("\n")
    assert counts == "0 read, 1 still in quarantine, 1 not found."
    assert (entry.split()[1:3], rest) == (["blangkon", "GO-1"], [])
    listed = hub_processes.command("quarantine", "list", env=env)
    assert int(listed.split()[0]) == int(entry.split()[0]) > number
    output = hub_processes.command("audit", "--action", "quarantine:replay", "--json", env=env).splitlines()
    assert [orjson.loads(row)["subject"] for row in output] == [f"quarantine:{number}"]
