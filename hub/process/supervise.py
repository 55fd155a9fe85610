"""The children of ``hub run``: started, watched, and ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hub.errors import Stop
from hub.process.child import spawn

TERM_WITHIN = 3.0
"""Seconds from SIGTERM to SIGKILL; with the database's end it all fits into five."""


class Children:
    """Processes of this program. What they print goes to ``logs/<name>.log``.

    A child that dies ends the run rather than being started again: it is for development and
    demonstration, where a person wants to see the failure. Operations have a supervisor of their own.
    """

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], keep: Sequence[int] = ()) -> None:
        """Start ``hub`` with ``command``; it inherits the file descriptors ``keep``."""
        with self._log(name).open("wb") as log:
            self._running[name] = spawn([sys.executable, "-m", "hub", *command], output=log, env=env, keep=keep)

    def check(self) -> None:
        """Raise ``Stop`` with the last words of a child that died."""
        for name, process in self._running.items():
            if process.poll() is not None:
                words = self._log(name).read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise Stop(
                    f"{name} ended with exit code {process.returncode}: {words[0]} (all of it: {self._log(name)})"
                )

    def stop(self) -> None:
        """End all of them and whatever they started."""
        for process in self._running.values():
            process.terminate()
        until = time.monotonic() + TERM_WITHIN
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"
