"""``hub audit``, and the rows that other commands add to the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hub.cli import common
from hub.cli.main import build_cli

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Run:
    """Runs a command and returns its output, with ``--json`` as JSON of each line."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / ".hub"))

    def command(*arguments: str) -> Any:
        done = CliRunner().invoke(build_cli(), arguments)
        assert done.exit_code == 0, done.output
        return [orjson.loads(line) for line in done.output.splitlines()] if "--json" in arguments else done.output

    return command


CREATE = (
    *("clients", "create", "--id", "gojek", "--name", "Gojek", "--organisation", "PT Gojek"),
    *("--method", "client_secret_basic", "--scope", "complaints:submit", "--grant", "client_credentials"),
    *("--channel", "GOJEK", "--merchant", "LOKET"),
)


def test_what_an_operator_changes_names_the_operator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*CREATE)
    monkeypatch.setenv("HUB_OPERATOR", "nip-1987")
    run("clients", "suspend", "gojek")
    run("clients", "set", "gojek", "--without", "merchant")
    (user,) = run("users", "create", "budi", "--scope", "complaints:read", "--json")
    run("users", "set-scopes", "budi", "--scope", "complaints:verify")
    run("keys", "rotate")
    trail = run("audit", "--json")
    by_action = {row["action"]: row for row in trail}
    assert [row["action"] for row in reversed(trail)][:3] == ["clients:create", "clients:suspend", "clients:set"]
    assert by_action["clients:create"]["details"] == {
        "grants": ["client_credentials"],
        "merchants": ["LOKET"],
        "scopes": ["complaints:submit"],
    }
    assert by_action["clients:set"]["details"] == {
        "fields": ["merchants"],
        "grants": ["client_credentials"],
        "merchants": [],
        "scopes": ["complaints:submit"],
    }
    assert by_action["clients:suspend"]["subject"] == "client:gojek"
    assert by_action["users:set-scopes"]["subject"] == f"user:{user['id']}"
    assert by_action["users:set-scopes"]["details"] == {"scopes": ["complaints:verify"], "before": ["complaints:read"]}
    assert by_action["keys:rotate"]["subject"].startswith("key:")
    actors = {action: row["actor"] for action, row in by_action.items()}
    monkeypatch.delenv("HUB_OPERATOR")
    assert actors.pop("clients:create") == common.operator()
    assert set(actors.values()) == {"operator:nip-1987"}
    assert "budi" not in orjson.dumps(trail).decode()


def test_what_was_not_done_is_not_recorded(run: Run) -> None:
    assert CliRunner().invoke(build_cli(), ("clients", "suspend", "nobody")).exit_code == 1
    assert run("audit", "--action", "clients:suspend") == ""


def test_each_look_at_the_trail_is_a_row_of_it(run: Run) -> None:
    run("audit", "--subject", "client:gojek", "--since", "2026-01-01")
    (first,) = run("audit", "--action", "audit:read", "--json")
    assert first["details"] == {"conditions": ["from_=2026-01-01 00:00:00+00:00", "subject=('client:gojek',)"]}
    second, again = run("audit", "--action", "audit:read", "--json")
    assert (second["details"], again) == ({"conditions": ["action=('audit:read',)"]}, first)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--subject", "client:gojek"), 1),
        (("--subject", "client:other"), 0),
        (("--refused", "--subject", "client:gojek"), 0),
        (("--until", "2020-01-01"), 0),
        (("--actor", "operator:nobody"), 0),
    ],
)
def test_the_trail_is_filtered(run: Run, arguments: tuple[str, ...], found: int) -> None:
    run(*CREATE)
    assert len(run("audit", *arguments, "--json")) == found


def test_a_command_ends_the_codes_that_a_client_knows(run: Run) -> None:
    run(*CREATE)
    (result,) = run("clients", "renew-codes", "gojek", "--json")
    assert result == {"id": "gojek", "renewed": 0}
    assert [row["action"] for row in run("audit", "--json")] == ["clients:renew-codes", "clients:create"]
