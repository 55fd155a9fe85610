"""``hub run --demo`` as a user starts it: ready with what it says, and gone without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.process import running

READY_WITHIN = 60.0


@dataclass
class Hub:
    """A hub that runs: its process, its folder, what it prints, and its ``run.json``."""

    process: subprocess.Popen[bytes]
    folder: Path
    env: dict[str, str]
    log: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("run")
    yield folder
    running.remove(folder)


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    """A demonstration hub; started anew for each test, on the same data."""
    env, log = running.variables(folder), folder / "log"
    with running.started("run", "--demo", env=env, log=log) as process:
        told = _when_ready(process, folder / ".hub" / "run.json", log)
        yield Hub(process, folder, env, log, told)


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


def test_what_is_printed_works_and_what_is_written_is_private(hub: Hub) -> None:
    assert set(hub.told) == {"url", "tokens", "sandboxes"}
    assert (hub.folder / ".hub" / "run.json").stat().st_mode & 0o777 == 0o600
    for url in hub.told["sandboxes"].values():
        assert running.status(f"{url}/_control") == 200
    for _ in running.until(15, "no curl line", hub.log):
        line = re.search(r"^curl .*$", hub.log.read_text(), re.MULTILINE)
        if line:
            break
    answer = subprocess.run(line[0], shell=True, capture_output=True, check=True)
    assert {row["name"] for row in json.loads(answer.stdout)["data"]["systems"]} == set(hub.told["sandboxes"])


def test_beside_a_running_hub(hub: Hub) -> None:
    for _ in running.until(30, "the first pull has not begun", hub.log):
        if "records" in hub.log.read_text():
            break
    port = running.port_of(hub.told["url"])
    used = running.command("run", env={**hub.env, "HUB_DATA_DIR": str(hub.folder / "b"), "HUB_PORT": port}, code=2)
    assert re.fullmatch(rf"Port {port} of 127.0.0.1 cannot be used \(.*\): .* or set HUB_PORT to another\.\n", used)
    taken = running.command("run", "--demo", env=hub.env, code=2)
    assert re.fullmatch(rf"The data folder \S+ is in use by process {hub.process.pid}; .*\.\n", taken)
    name = next(iter(hub.told["sandboxes"]))
    found = orjson.loads(running.command("doctor", "--json", env=hub.env))
    assert {finding["what"] for finding in found} == {"settings", "database", "migrations", *hub.told["sandboxes"]}
    listed = running.command("quarantine", "list", "--json", "--limit", "1", env=hub.env)
    assert all(orjson.loads(line)["reason"] for line in listed.splitlines())
    assert running.command("sync", name, env=hub.env | {"HUB_LOG_LEVEL": "error"}).startswith(f"{name}: ")
    assert hub.process.poll() is None


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_within_five_seconds(hub: Hub, sent: signal.Signals) -> None:
    assert len(running.processes(hub.folder)) > len(hub.told["sandboxes"]) + 3
    began = time.monotonic()
    hub.process.send_signal(sent)
    assert hub.process.wait(10) == 0, hub.log.read_text()
    assert time.monotonic() - began < 5
    assert running.processes(hub.folder) == {}
    assert not (hub.folder / ".hub" / "run.json").exists()


def test_a_killed_hub_leaves_nothing_running(hub: Hub) -> None:
    hub.process.kill()
    for _ in running.until(10, "something is left running"):
        if not running.processes(hub.folder):
            break


def test_a_dead_worker_ends_the_run_with_its_last_words(hub: Hub) -> None:
    (worker,) = [pid for pid, line in running.processes(hub.folder).items() if line.endswith(" worker ")]
    os.kill(worker, signal.SIGKILL)
    assert hub.process.wait(10) == 1
    assert "worker ended with exit code -9" in hub.log.read_text()
    assert running.processes(hub.folder) == {}


def test_a_dead_sandbox_is_a_system_that_is_down(hub: Hub) -> None:
    name = next(iter(hub.told["sandboxes"]))
    (sandbox,) = [pid for pid, line in running.processes(hub.folder).items() if f" sandbox {name} " in line]
    os.kill(sandbox, signal.SIGKILL)
    for _ in running.until(10, "nothing told", hub.log):
        if f"sandbox-{name} ended with exit code -9" in hub.log.read_text():
            break
    assert hub.process.poll() is None
    assert running.status(f"{hub.told['url']}/readyz") == 200
