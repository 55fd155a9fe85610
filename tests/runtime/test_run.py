"""``hub run --demo`` as a user starts it: its output is true, and it ends without remains."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests import hub_processes
from tests.waits import HANGS_AFTER, steps

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]


@dataclass
class Hub:
    """A running hub: its process, its folder, its output, and its ``run.json``."""

    process: subprocess.Popen[bytes]
    folder: Path
    env: dict[str, str]
    log: Path
    info: dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    hub_processes.remove(tmp_path)


@pytest.fixture
def demonstration(folder: Path) -> Iterator[Hub]:
    """A hub with demo data and a sandbox for each system."""
    with _running("run", "--demo", env=hub_processes.variables(folder), folder=folder) as hub:
        yield hub


@pytest.fixture
def bare(folder: Path) -> Iterator[Hub]:
    """A hub without systems and demo data, which starts faster."""
    with _running("run", env=hub_processes.variables(folder, HUB_CONNECTORS=","), folder=folder) as hub:
        yield hub


@contextmanager
def _running(*arguments: str, env: dict[str, str], folder: Path) -> Iterator[Hub]:
    log = folder / "log"
    with hub_processes.started(*arguments, env=env, log=log) as process:
        yield Hub(process, folder, env, log, _when_ready(process, folder / ".hub" / "run.json", log))


def _when_ready(process: subprocess.Popen[bytes], path: Path, log: Path) -> dict[str, Any]:
    for _ in steps("no run.json", log):
        assert process.poll() is None, log.read_text()
        if path.exists():
            break
    info: dict[str, Any] = orjson.loads(path.read_bytes())
    for _ in steps("not ready", log):
        assert process.poll() is None, log.read_text()
        if hub_processes.status(f"{info['url']}/readyz") == 200:
            break
    return info


def test_a_demonstration_from_start_to_end(demonstration: Hub) -> None:
    hub = demonstration
    _written_for_this_user_only(hub)
    _printed_line_works(hub)
    _printed_lines_give_tokens(hub)
    _refuses_a_second_one(hub)
    _commands_find_its_database_and_sandboxes(hub)
    _a_dead_sandbox_is_a_system_that_is_down(hub)
    _ends(hub, signal.SIGINT)
    with _running("run", "--demo", env=hub.env, folder=hub.folder) as again:
        assert again.info["tokens"].keys() == hub.info["tokens"].keys() == {"officer", "partner", "central"}
        _ends(again, signal.SIGTERM)


def _written_for_this_user_only(hub: Hub) -> None:
    assert set(hub.info) == {"url", "tokens", "sandboxes"}
    assert (hub.folder / ".hub" / "run.json").stat().st_mode & 0o777 == 0o600
    assert all(hub_processes.status(f"{url}/_control") == 200 for url in hub.info["sandboxes"].values())


def _printed_line_works(hub: Hub) -> None:
    line = _printed(hub, r"^curl .*$")
    answer = subprocess.run(line, shell=True, capture_output=True, check=True)
    assert {row["name"] for row in json.loads(answer.stdout)["data"]["systems"]} == set(hub.info["sandboxes"])
    for name in hub.info["sandboxes"]:
        _printed(hub, rf"^{name} +up +\d+ records")


def _printed_lines_give_tokens(hub: Hub) -> None:
    lines = re.findall(r"^curl .*/oauth/token .*$", hub.log.read_text(), re.MULTILINE)
    assert {re.search(r"grant_type=(\w+)", line)[1] for line in lines} == {  # type: ignore[index]
        "client_credentials",
        "authorization_code",
        "refresh_token",
    }
    for line in lines:
        answer = json.loads(subprocess.run(line, shell=True, capture_output=True, check=True, env=hub.env).stdout)
        assert answer["expires_in"] == 86_400 if "access_token" in answer else line.endswith("-d code=")
    _a_refresh_line_pasted_twice_ends_no_other_token(hub, next(line for line in lines if "grant_type=refresh" in line))
    page = _printed(hub, r"^http://.*/oauth/authorize\?.*$")
    assert hub_processes.status(page) == 200


def _a_refresh_line_pasted_twice_ends_no_other_token(hub: Hub, line: str) -> None:
    again = json.loads(subprocess.run(line, shell=True, capture_output=True, check=True, env=hub.env).stdout)
    assert again["error"] == "invalid_grant"
    answer = subprocess.run(_printed(hub, r"^curl .*$"), shell=True, capture_output=True, check=True)
    assert "errors" not in json.loads(answer.stdout)


def _printed(hub: Hub, pattern: str) -> str:
    for _ in steps(f"{pattern} is not printed", hub.log):
        if found := re.search(pattern, hub.log.read_text(), re.MULTILINE):
            return found[0]
    raise AssertionError("steps() raises")


def _refuses_a_second_one(hub: Hub) -> None:
    port = hub_processes.port_of(hub.info["url"])
    used = hub_processes.command(
        "run", env={**hub.env, "HUB_DATA_DIR": str(hub.folder / "b"), "HUB_PORT": port}, code=2
    )
    assert re.fullmatch(rf"Port {port} of 127.0.0.1 cannot be used \(.*\): .*, by HUB_PORT or --port\.\n", used)
    taken = hub_processes.command("run", "--demo", env=hub.env, code=2)
    assert re.fullmatch(rf"The data folder \S+ is in use by process {hub.process.pid}; .*\.\n", taken)


def _commands_find_its_database_and_sandboxes(hub: Hub) -> None:
    found = hub_processes.doctor_findings(hub.env)
    looked_at = {"settings", "database", "data", "durability", "migrations", "months", "secret", "keys", "records"}
    looked_at |= {"agencies", *hub.info["sandboxes"]}
    waiting = {"quarantine", "doubts", "conflicts", "claims", "deliveries", "files", "waiting"}
    assert looked_at <= set(found) <= looked_at | waiting
    assert all(one["ok"] for one in found.values())
    listed = hub_processes.command("quarantine", "list", "--json", "--limit", "1", env=hub.env)
    assert all(orjson.loads(line)["reason"] for line in listed.splitlines())
    assert hub.process.poll() is None


def _a_dead_sandbox_is_a_system_that_is_down(hub: Hub) -> None:
    name = next(iter(hub.info["sandboxes"]))
    (sandbox,) = [pid for pid, line in hub_processes.processes(hub.folder).items() if f" sandbox {name} " in line]
    os.kill(sandbox, signal.SIGKILL)
    _printed(hub, f"sandbox-{name} ended with exit code -9")
    assert hub_processes.status(f"{hub.info['url']}/readyz") == 200


def _ends(hub: Hub, sent: signal.Signals) -> None:
    """Check that it ends without remains."""
    assert len(hub_processes.processes(hub.folder)) > 3
    hub.process.send_signal(sent)
    assert hub.process.wait(HANGS_AFTER) == 0, hub.log.read_text()
    assert hub_processes.processes(hub.folder) == {}
    assert not (hub.folder / ".hub" / "run.json").exists()


def test_a_killed_hub_leaves_nothing_running(bare: Hub) -> None:
    bare.process.kill()
    for _ in steps("something is left running"):
        if not hub_processes.processes(bare.folder):
            break


def test_a_dead_worker_ends_the_run_with_its_last_output(bare: Hub) -> None:
    (worker,) = [pid for pid, line in hub_processes.processes(bare.folder).items() if line.endswith(" worker ")]
    os.kill(worker, signal.SIGKILL)
    assert bare.process.wait(HANGS_AFTER) == 1
    assert "worker ended with exit code -9" in bare.log.read_text()
    assert hub_processes.processes(bare.folder) == {}


def test_a_removed_data_folder_ends_the_run_in_one_sentence(bare: Hub) -> None:
    (bare.folder / ".hub" / "lock").unlink()
    assert bare.process.wait(HANGS_AFTER) == 1
    assert f"The data folder {bare.folder / '.hub'} was removed, and the hub's data with it." in bare.log.read_text()
    assert hub_processes.processes(bare.folder) == {}


def test_an_end_during_the_start_leaves_nothing(folder: Path) -> None:
    log = folder / "log"
    with hub_processes.started("run", "--demo", env=hub_processes.variables(folder), log=log) as process:
        for _ in steps("no sandbox", log):
            if "Sandbox of" in log.read_text():
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGS_AFTER) == 0, log.read_text()
    assert hub_processes.processes(folder) == {}
