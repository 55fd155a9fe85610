"""A client of docs/examples follows a hub whose processes are killed while a system changes; its copy stays exact."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from tests import hub_processes
from tests.clients import needs_node
from tests.waits import HANGS_AFTER, steps

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MIRROR = sys.executable, "mirror.py"
ROUNDS, STEPS = 4, 12
"""How often both processes are killed, and how many orders are created and confirmed each time."""
QUICK = {"HUB_PULL_TICK": "0.2", "HUB_FEED_TICK": "0.2", "HUB_STALLED_AFTER": "2", "HUB_BLANGKON_EVERY": "1"}
ALL_PLACED = "select not exists (select from changes c where not exists (select from feed f where f.change_id = c.id))"


class Hub:
    """``hub serve`` and ``hub worker``, which are killed and restarted, beside a sandbox that keeps running."""

    def __init__(self, env: dict[str, str], folder: Path, system: str, at: socket.socket) -> None:
        self.env, self.folder, self.system, self._at = env, folder, system, at
        self.url = f"http://127.0.0.1:{at.getsockname()[1]}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the processes that are not running."""
        for name, options in (("serve", ["--port", self.url.rpartition(":")[2]]), ("worker", [])):
            with (self.folder / f"{name}.log").open("ab") as log:
                command = [*hub_processes.HUB, name, *options]
                self._running[name] = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """Kill both with SIGKILL, as a power failure does."""
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()

    def until_ready(self) -> None:
        for _ in steps("the hub does not serve", self.folder / "serve.log"):
            if hub_processes.status(f"{self.url}/readyz") == 200:
                return

    def change(self) -> None:
        """Create and confirm orders in the system, whether or not the hub runs."""
        self.control("tick", {"steps": STEPS})

    def control(self, what: str, body: dict[str, Any]) -> None:
        """Call the control endpoint of the sandbox."""
        httpx.post(f"{self.system}/_control/{what}", json=body).raise_for_status()


@pytest.fixture
def hub(empty_database_url: str, tmp_path: Path) -> Iterator[Hub]:
    env = hub_processes.variables(tmp_path, HUB_DATABASE_URL=empty_database_url, HUB_CONNECTORS="blangkon", **QUICK)
    with ExitStack() as stack:
        log = tmp_path / "sandbox.log"
        stack.enter_context(hub_processes.started("sandbox", "blangkon", env=env | {"PYTHONUNBUFFERED": "1"}, log=log))
        for _ in steps("no sandbox", log):
            found = dict(line.split("=", 1) for line in log.read_text().splitlines() if line.startswith("HUB_"))
            if "HUB_BLANGKON_URL" in found and hub_processes.status(f"{found['HUB_BLANGKON_URL']}/_control") == 200:
                break
        with socket.create_server(("127.0.0.1", 0)) as free:
            hub = Hub(env | found, tmp_path, found["HUB_BLANGKON_URL"], free)
        hub_processes.command("migrate", env=hub.env)
        stack.callback(hub.kill)
        yield hub


def test_a_copy_of_a_repeatedly_killed_hub_equals_a_fresh_one(hub: Hub, tmp_path: Path) -> None:
    dice, file = random.Random(9), tmp_path / "followed"
    hub_processes.command("sync", "blangkon", env=hub.env)
    hub.start()
    hub.until_ready()
    token = _token(hub)
    first = len(_mirrored(hub, token, file))
    for _ in range(ROUNDS):
        hub.change()
        client = _follow(hub, token, file)
        time.sleep(dice.random())
        hub.kill()
        hub.change()
        client.communicate(timeout=HANGS_AFTER)
        hub.start()
        hub.until_ready()
    count = _until_all_is_listed(hub, first + 2 * ROUNDS * STEPS)
    followed = _mirrored(hub, token, file)
    assert followed == _mirrored(hub, token, tmp_path / "fresh")
    assert len(followed) == count


CLIENTS = pytest.mark.parametrize(
    "client",
    [
        pytest.param((sys.executable, "follow.py"), id="python"),
        pytest.param(("node", "follow.mjs"), id="javascript", marks=needs_node),
    ],
)


@CLIENTS
def test_a_follower_is_short(client: tuple[str, str]) -> None:
    assert len((EXAMPLES / client[1]).read_text().splitlines()) <= 60


@CLIENTS
def test_a_follower_of_a_killed_hub_has_every_change(hub: Hub, tmp_path: Path, client: tuple[str, str]) -> None:
    dice, file = random.Random(9), tmp_path / "followed"
    hub_processes.command("sync", "blangkon", env=hub.env)
    hub.start()
    hub.until_ready()
    token = _token(hub)
    first = len(_mirrored(hub, token, tmp_path / "first"))
    follower = _follow(hub, token, file, client)
    try:
        for _ in range(ROUNDS):
            hub.change()
            time.sleep(1 + dice.random())
            hub.kill()
            hub.change()
            hub.start()
            hub.until_ready()
        _until_all_is_listed(hub, first + 2 * ROUNDS * STEPS)
        fresh = _mirrored(hub, token, tmp_path / "fresh")
        for _ in steps("the copy does not become equal"):
            assert follower.poll() is None, follower.communicate()
            if _copy(file) == fresh:
                break
    finally:
        follower.kill()
        follower.communicate()


def _copy(file: Path) -> dict[tuple[str, str], Any]:
    """Return the copy in a file as it is now, of either client."""
    if not file.exists():
        return {}
    if file.read_bytes()[:1] == b"{":
        rows = json.loads(file.read_bytes())["rows"]
        return {(name.partition(" ")[0], name.partition(" ")[2]): facts for name, facts in rows.items()}
    with closing(sqlite3.connect(file)) as db:
        found = db.execute("select kind, subject, facts from rows").fetchall()
    return {(kind, subject): json.loads(facts) for kind, subject, facts in found}


def _token(hub: Hub) -> str:
    options = ("--method", "client_secret_basic", "--grant", "client_credentials", "--scope", "records:sync.blangkon")
    made = orjson.loads(
        hub_processes.command(
            *("clients", "create", "--id", "mirror", "--name", "Mirror", "--organisation", "Contoh"),
            *(*options, "--token-seconds", "3600", "--json"),
            env=hub.env,
        )
    )
    answer = httpx.post(
        f"{hub.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("mirror", made["secret"])
    )
    return str(answer.raise_for_status().json()["access_token"])


def _follow(hub: Hub, token: str, file: Path, client: tuple[str, str] = MIRROR) -> subprocess.Popen[bytes]:
    env = {"PATH": os.environ["PATH"], "HUB_TOKEN": token, "NO_PROXY": "*"}
    program, script = client
    command = [program, str(EXAMPLES / script), hub.url, "blangkon", str(file)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _mirrored(hub: Hub, token: str, file: Path) -> dict[tuple[str, str], Any]:
    """Return the copy after a run without interruption."""
    client = _follow(hub, token, file)
    output, _ = client.communicate(timeout=HANGS_AFTER)
    assert client.returncode == 0, output.decode()
    return _copy(file)


def _until_all_is_listed(hub: Hub, least: int) -> int:
    """Wait until ``least`` records exist and each change has its position; return the number of records."""
    with psycopg.connect(hub.env["HUB_DATABASE_URL"], autocommit=True) as connection:
        _until(hub, connection, f"select count(*) >= {least} from records where gone_at is null")
        hub.control("fault", {"name": "down"})
        # A pull that ended before this one was the last to bring something.
        _until(hub, connection, "select down_since is not null from systems where name = 'blangkon'")
        _until(hub, connection, ALL_PLACED)
        (count,) = connection.execute("select count(*) from records where gone_at is null").fetchone() or (0,)
        return int(count)


def _until(hub: Hub, connection: psycopg.Connection, holds: str) -> None:
    for _ in steps(holds, hub.folder / "worker.log"):
        if connection.execute(holds.encode()).fetchone() == (True,):
            return
