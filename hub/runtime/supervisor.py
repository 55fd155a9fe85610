"""Starts, watches and stops the child processes of ``hub run``."""

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

from hub.errors import ConfigurationError
from hub.runtime.subprocesses import spawn

STOP_SECONDS = 2.5
"""Seconds from SIGTERM to SIGKILL; with the end of the database, a stop takes at most five seconds."""


class Supervisor:
    """Child processes of this program. Their output goes to ``logs/<name>.log``.

    The exit of a vital child ends the run; it is not restarted, because ``hub run`` is for development and
    demonstration, where a person wants to see the failure. In production another supervisor restarts it. The exit of
    another child (a sandbox) is reported, and has the effect of a system that is unavailable.
    """

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._vital: set[str] = set()

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        sock: socket | None = None,
        vital: bool = True,
    ) -> int:
        """Start ``hub`` with ``command``; return its pid. The child takes over the socket ``sock``."""
        inherited = [sock.fileno()] if sock else []
        program = [sys.executable, "-P", "-m", "hub", *command, *(f"--socket={fd}" for fd in inherited)]
        with self._log(name).open("wb") as log:
            child = self._running[name] = spawn(program, output=log, env=env, keep=inherited)
        if sock:
            sock.close()
        if vital:
            self._vital.add(name)
        return child.pid

    def report_exits(self) -> list[str]:
        """Return a sentence for each child that exited since the last call; ``ConfigurationError`` for a vital one."""
        dead = [name for name, process in self._running.items() if process.poll() is not None]
        return [self._exit_message(name) for name in dead]

    def _exit_message(self, name: str) -> str:
        code = self._running.pop(name).returncode
        last_line = self._log(name).read_text(errors="replace").strip().splitlines()[-1:] or ["none"]
        message = f"{name} ended with exit code {code}. The last line of its log, {self._log(name)}: {last_line[0]}"
        if name in self._vital:
            raise ConfigurationError(message)
        return message

    def stop(self) -> None:
        """Stop all children and their descendants."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"
