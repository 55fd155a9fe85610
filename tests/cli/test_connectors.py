"""``hub connectors``: its output for the author of a connector outside of the hub's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli import connectors
from hub.cli.scaffold import create_connector
from hub.errors import BadSetting
from tests import hub_processes


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nothing",
            "There is no connector nothing: name a folder, a package, or one of blangkon, gopay, lapor, oss,"
            " perizinan.",
        ),
        ("no.such.package", "There is no package no.such.package to import"),
        ("tests", "There is no connector tests: name a folder"),
        ("tests/cli", "There is no connector.py in "),
        ("hub.complaints", "There is no connector.py in "),
    ],
)
def test_an_unknown_connector_name_lists_what_is_allowed(name: str, message: str) -> None:
    with pytest.raises(BadSetting) as refused:
        connectors._connector(name)
    assert str(refused.value).startswith(message)


def test_a_folder_may_have_the_name_of_another_connector(tmp_path: Path) -> None:
    create_connector("lamps", tmp_path).rename(tmp_path / "gopay")
    with pytest.raises(BadSetting, match=r"The name gopay is taken by another connector: rename the folder"):
        connectors._connector(str(tmp_path / "gopay"))


def test_an_external_folder_or_package_is_a_connector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    folder = create_connector("bus_stops", tmp_path / "theirs").resolve()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(folder.parent)
    for name in ("theirs.bus_stops", "bus_stops", "./bus_stops", str(folder)):
        assert connectors._folder(name) == folder
    assert connectors._folder("gopay") is None
    assert connectors._connector("gopay").name == "gopay"


def test_a_missing_pytest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadSetting, match="need pytest and pytest-asyncio: install the hub with its extra `testing`"):
        connectors._needs_pytest()


def edited(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def checked(folder: Path, tmp_path: Path, *options: str, code: int = 0) -> str:
    """Return the output of ``hub connectors check`` for ``folder``."""
    command = [sys.executable, "-m", "hub", "connectors", "check", str(folder), *options]
    done = subprocess.run(command, env=hub_processes.variables(tmp_path), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.whole
def test_a_faulty_connector_fails_checks_with_advice(tmp_path: Path) -> None:
    """Two faults: another status in a sample, and no ``visible_to``."""
    folder = create_connector("bus_stops", tmp_path)
    edited(folder / "samples" / "open.json", '"status": "OPEN"', '"status": "DONE"')
    edited(folder / "connector.py", "    visible_to = None\n", "")
    *lines, last = checked(folder, tmp_path, code=1).splitlines()
    failed = {line: lines[place + 1] for place, line in enumerate(lines) if line.startswith("FAIL ")}
    sample_fails, undecided = failed
    assert sample_fails.startswith("FAIL samples become their records: AssertionError: open.json")
    assert failed[sample_fails] == "     Correct the mapping, or the sample's `record` if the sample is wrong."
    assert undecided.startswith("FAIL it declares who may see its records: ")
    assert failed[undecided].startswith("     Set `visible_to`: PUBLIC, OFFICERS, ")
    assert last == f"bus_stops: {len(lines) - 4} of {len(lines) - 2} checks passed"


@pytest.mark.whole
def test_a_generated_connector_passes_checks_lint_and_mypy(tmp_path: Path) -> None:
    result = json.loads(hub_processes.command("connectors", "new", "bus_stops", "--json", env=here(tmp_path)))
    folder = Path(result["folder"])
    assert folder == tmp_path.resolve() / "bus_stops"
    for name in ("ab", "abcdefghijklmnopqrst"):
        create_connector(name, tmp_path)
    for tool in (["mypy", "--strict"], ["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]):
        done = subprocess.run([sys.executable, "-m", *tool, "."], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    checks = json.loads(checked(folder, tmp_path, "--json"))
    assert (checks["connector"], checks["failed"], len(checks["checks"])) == ("bus_stops", 0, checks["passed"])
    names = [check["name"] for check in checks["checks"]]
    assert "a run reads only what changed since the last one" in names, "the folder's own tests are run too"
    assert {"it declares who may see its records", "personal values are nowhere in the database"} <= set(names)


def here(tmp_path: Path) -> dict[str, str]:
    return hub_processes.variables(tmp_path, HUB_CONNECTORS_PATH=str(tmp_path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *(
            (name, f"A connector cannot be called {name!r}: ")
            for name in ("9x", "class", "Abc", "a__b", "x", "a/b", "")
        ),
        *(
            (name, f"The name {name} is already used by ")
            for name in ("lapor", "payment", "reports", "base", "hub", "system")
        ),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_made(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(BadSetting) as refused:
        create_connector(name, tmp_path)
    assert str(refused.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_kept_and_a_missing_one_named(tmp_path: Path) -> None:
    (tmp_path / "parking").mkdir()
    with pytest.raises(BadSetting, match="parking already exists: choose another name, or another folder with --path"):
        create_connector("parking", tmp_path)
    with pytest.raises(BadSetting, match=r"There is no folder .*nowhere: create it, or name another with --path"):
        create_connector("parking", tmp_path / "nowhere")
    assert list((tmp_path / "parking").iterdir()) == []
