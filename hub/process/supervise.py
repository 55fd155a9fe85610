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
from socket import socket

from hub.errors import Stop
from hub.process.child import spawn

TERM_WITHIN = 2.5
"""Seconds from SIGTERM to SIGKILL; with the database's end it all fits into five."""


class Children:
    """Processes of this program. What they print goes to ``logs/<name>.log``.

    A vital child that dies ends the run rather than being started again: this is for development and
    demonstration, where a person wants to see the failure. Operations have a supervisor of their own.
    Another one's death (a sandbox's) is told, and is what a system that is down looks like.
    """

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._vital: set[str] = set()

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, on: socket | None = None, vital: bool = True
    ) -> int:
        """Start ``hub`` with ``command``; returns its pid. The socket ``on``, if there is one, is the child's then."""
        inherited = [on.fileno()] if on else []
        program = [sys.executable, "-P", "-m", "hub", *command, *(f"--socket={fd}" for fd in inherited)]
        with self._log(name).open("wb") as log:
            child = self._running[name] = spawn(program, output=log, env=env, keep=inherited)
        if on:
            on.close()
        if vital:
            self._vital.add(name)
        return child.pid

    def deaths(self) -> list[str]:
        """A sentence for each child that died since the last look; ``Stop`` with it when the child was vital."""
        dead = [name for name, process in self._running.items() if process.poll() is not None]
        return [self._obituary(name) for name in dead]

    def _obituary(self, name: str) -> str:
        code = self._running.pop(name).returncode
        words = self._log(name).read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        told = f"{name} ended with exit code {code}: {words[0]} (see {self._log(name)})"
        if name in self._vital:
            raise Stop(told)
        return told

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
