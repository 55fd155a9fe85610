"""``hub run --demo`` as a user starts it: ready with what it says, and gone without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.process import running

pytestmark = pytest.mark.whole

READY_WITHIN = 60.0


@dataclass
class Hub:
    """A hub that runs: its process, its folder, what it prints, and its ``run.json``."""

    process: subprocess.Popen[bytes]
    folder: Path
    env: dict[str, str]
    log: Path
    told: dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    running.remove(tmp_path)


@pytest.fixture
def demonstration(folder: Path) -> Iterator[Hub]:
    """A hub with demo data and a sandbox for each system."""
    with _running("run", "--demo", env=running.variables(folder), folder=folder) as hub:
        yield hub


@pytest.fixture
def bare(folder: Path) -> Iterator[Hub]:
    """A hub without systems and demo data, which is ready sooner."""
    with _running("run", env=running.variables(folder, HUB_CONNECTORS=","), folder=folder) as hub:
        yield hub


@contextmanager
def _running(*words: str, env: dict[str, str], folder: Path) -> Iterator[Hub]:
    log = folder / "log"
    with running.started(*words, env=env, log=log) as process:
        yield Hub(process, folder, env, log, _when_ready(process, folder / ".hub" / "run.json", log))


def _when_ready(process: subprocess.Popen[bytes], path: Path, log: Path) -> dict[str, Any]:
    for _ in running.until(READY_WITHIN, "no run.json", log):
        assert process.poll() is None, log.read_text()
        if path.exists():
            break
    told: dict[str, Any] = orjson.loads(path.read_bytes())
    for _ in running.until(READY_WITHIN, "not ready", log):
        assert process.poll() is None, log.read_text()
        if running.status(f"{told['url']}/readyz") == 200:
            break
    return told


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
        assert again.told["tokens"].keys() == hub.told["tokens"].keys() == {"officer", "partner", "central"}
        _ends(again, signal.SIGTERM)


def _written_for_this_user_only(hub: Hub) -> None:
    assert set(hub.told) == {"url", "tokens", "sandboxes"}
    assert (hub.folder / ".hub" / "run.json").stat().st_mode & 0o777 == 0o600
    assert all(running.status(f"{url}/_control") == 200 for url in hub.told["sandboxes"].values())


def _printed_line_works(hub: Hub) -> None:
    line = _printed(hub, r"^curl .*$")
    answer = subprocess.run(line, shell=True, capture_output=True, check=True)
    assert {row["name"] for row in json.loads(answer.stdout)["data"]["systems"]} == set(hub.told["sandboxes"])
    for name in hub.told["sandboxes"]:
        _printed(hub, rf"^{name} +(starting|up) +\d+ records")


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
    page = _printed(hub, r"^http://.*/oauth/authorize\?.*$")
    assert running.status(page) == 200


def _printed(hub: Hub, pattern: str) -> str:
    for _ in running.until(30, f"{pattern} is not printed", hub.log):
        if found := re.search(pattern, hub.log.read_text(), re.MULTILINE):
            return found[0]
    raise AssertionError("until() raises")


def _refuses_a_second_one(hub: Hub) -> None:
    port = running.port_of(hub.told["url"])
    used = running.command("run", env={**hub.env, "HUB_DATA_DIR": str(hub.folder / "b"), "HUB_PORT": port}, code=2)
    assert re.fullmatch(rf"Port {port} of 127.0.0.1 cannot be used \(.*\): .*, by HUB_PORT or --port\.\n", used)
    taken = running.command("run", "--demo", env=hub.env, code=2)
    assert re.fullmatch(rf"The data folder \S+ is in use by process {hub.process.pid}; .*\.\n", taken)


def _commands_find_its_database_and_sandboxes(hub: Hub) -> None:
    found = orjson.loads(running.command("doctor", "--json", env=hub.env))
    examined = {finding["what"] for finding in found}
    assert examined == {"settings", "database", "migrations", "keys", *hub.told["sandboxes"]}
    listed = running.command("quarantine", "list", "--json", "--limit", "1", env=hub.env)
    assert all(orjson.loads(line)["reason"] for line in listed.splitlines())
    assert hub.process.poll() is None


def _a_dead_sandbox_is_a_system_that_is_down(hub: Hub) -> None:
    name = next(iter(hub.told["sandboxes"]))
    (sandbox,) = [pid for pid, line in running.processes(hub.folder).items() if f" sandbox {name} " in line]
    os.kill(sandbox, signal.SIGKILL)
    _printed(hub, f"sandbox-{name} ended with exit code -9")
    assert running.status(f"{hub.told['url']}/readyz") == 200


def _ends(hub: Hub, sent: signal.Signals) -> None:
    """Within five seconds, with nothing left."""
    assert len(running.processes(hub.folder)) > 3
    began = time.monotonic()
    hub.process.send_signal(sent)
    assert hub.process.wait(10) == 0, hub.log.read_text()
    assert time.monotonic() - began < 5
    assert running.processes(hub.folder) == {}
    assert not (hub.folder / ".hub" / "run.json").exists()


def test_a_killed_hub_leaves_nothing_running(bare: Hub) -> None:
    bare.process.kill()
    for _ in running.until(10, "something is left running"):
        if not running.processes(bare.folder):
            break


def test_a_dead_worker_ends_the_run_with_its_last_words(bare: Hub) -> None:
    (worker,) = [pid for pid, line in running.processes(bare.folder).items() if line.endswith(" worker ")]
    os.kill(worker, signal.SIGKILL)
    assert bare.process.wait(10) == 1
    assert "worker ended with exit code -9" in bare.log.read_text()
    assert running.processes(bare.folder) == {}


def test_an_end_during_the_start_leaves_nothing(folder: Path) -> None:
    log = folder / "log"
    with running.started("run", "--demo", env=running.variables(folder), log=log) as process:
        for _ in running.until(30, "no sandbox", log):
            if "Sandbox of" in log.read_text():
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, log.read_text()
    assert running.processes(folder) == {}
