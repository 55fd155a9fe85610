"""A command of the hub that says where it is, and goes on when it is told to.

``python -m tests.sweep.child worker`` is ``hub worker``; ``SWEEP_SOCKET`` names the unix socket of who listens. The
sweep itself has this module loaded once and forked for each run, because loading takes longer than most runs.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import hub.__main__ as commands
import hub.app
import hub.process.deliveries
import hub.process.serve
import hub.store.feed.positions
import hub.sync.files
import hub.sync.pull
import hub.sync.worker
import hub.web.lines
from hub.connectors import registry
from hub.schema.graph import schema
from hub.web.gate import ReadOnce
from tests.sweep import edges

SOCKET = "SWEEP_SOCKET"

for _name in registry.found():
    registry.load(_name)
# Built once, as a process that serves builds it.
schema(None, (), extensions=(ReadOnce,))


class Line:
    """The line to who listens. Whoever announces waits, and with it the whole process."""

    def __init__(self, at: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(at)
        self._lock = threading.Lock()

    def announce(self, place: str) -> None:
        """Say where the process is; returns once it may go on."""
        with self._lock:
            self._socket.sendall(f"{place}\n".encode())
            if not self._socket.recv(1):
                os._exit(1)


def small_batches() -> None:
    """A small world fills several batches of everything, as a large one does."""
    hub.sync.pull.BATCH = 25
    hub.web.lines.ROWS = 25
    hub.store.feed.positions.AT_ONCE = 100
    hub.store.feed.positions.place.__defaults__ = (100,)


def run(words: Sequence[str], env: Mapping[str, str], at: str | None, log: Path) -> None:
    """Run a command in this process, which is a fresh one; without ``at`` nobody is told anything."""
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ.update(env)
    small_batches()
    if at:
        edges.install(Line(at).announce)
    sys.argv = ["hub", *words]
    commands.main()


def main() -> None:
    """As a command."""
    edges.install(Line(os.environ[SOCKET]).announce)
    small_batches()
    commands.main()


if __name__ == "__main__":
    main()
