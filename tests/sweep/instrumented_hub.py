"""A command of the hub that announces its crash points, and continues when it gets a reply.

``python -m tests.sweep.instrumented_hub worker`` is ``hub worker``; ``SWEEP_SOCKET`` names the unix socket of
the sweep. The sweep loads this module once and forks it for each run, because loading takes longer than most runs.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import hub.api.event_counter
import hub.api.ndjson
import hub.app
import hub.cli.deliveries
import hub.cli.main
import hub.runtime.server
import hub.store.feed.sequence
import hub.sync.pull
import hub.sync.record_files
import hub.sync.worker
from hub.api.graphql.connector_parts import connector_parts
from hub.api.graphql.validation import ReuseParsedDocument
from hub.connectors import registry
from hub.schema.client_schema import client_sdl
from hub.schema.graph import schema
from hub.settings import Settings
from tests.sweep import crash_hooks

SOCKET = "SWEEP_SOCKET"

for _name in registry.discover():
    registry.load(_name)
# Built once with the arguments of a process that serves, which then finds them in the caches.
_enabled = registry.enabled(Settings())
_parts, _shared = connector_parts(_enabled), registry.shared_fields(_enabled)
client_sdl(schema(None, _parts, (ReuseParsedDocument,), _shared).sdl)
# What is loaded stays: no collection of a forked process looks at it, so its memory stays shared.
gc.freeze()


class Line:
    """The connection to the sweep. An announcement blocks the whole process."""

    def __init__(self, at: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(at)
        self._lock = threading.Lock()

    def announce(self, place: str) -> None:
        """Announce the place of the process; return when it may continue."""
        with self._lock:
            self._socket.sendall(f"{place}\n".encode())
            if not self._socket.recv(1):
                os._exit(1)


def small_batches() -> None:
    """Set small batches, so that a small amount of data fills several."""
    hub.sync.pull.BATCH = 25
    hub.api.ndjson.MAX_BATCH_ROWS = 25
    hub.store.feed.sequence.BATCH_SIZE = 100
    hub.store.feed.sequence.assign_positions.__defaults__ = (100,)


def no_counts() -> None:
    """Count no events: they are written by time, so a point could be passed in one run and not in the next."""
    hub.api.event_counter.EventCounter.count = lambda *_: None  # type: ignore[method-assign]


def run(arguments: Sequence[str], env: Mapping[str, str], at: str | None, log: Path) -> None:
    """Run a command in this new process; without ``at`` nothing is announced."""
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ.update(env)
    small_batches()
    no_counts()
    if at:
        crash_hooks.install(Line(at).announce)
    sys.argv = ["hub", *arguments]
    hub.cli.main.main()


def main() -> None:
    """Run as a command."""
    crash_hooks.install(Line(os.environ[SOCKET]).announce)
    small_batches()
    no_counts()
    hub.cli.main.main()


if __name__ == "__main__":
    main()
