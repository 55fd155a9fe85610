"""A command of the hub that is started again after each kill, as an init system does."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.sweep import instrumented_hub
from tests.sweep.crash_points import Plan, Point

_numbers = itertools.count()
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.sweep.instrumented_hub"])


@dataclass
class Kills:
    """The places that were passed: before the first kill, after it, and so on; ``plan`` has the points to kill at.

    All processes of an attempt share it: the process at the point is killed.
    """

    plan: Plan
    passed: list[list[str]] = field(default_factory=lambda: [[]])
    counts: Counter[str] = field(default_factory=Counter)
    crashed: bool = False
    """The database's server crashed instead of a process."""

    @property
    def done(self) -> int:
        """Return how many points of the plan were reached."""
        return len(self.passed) - 1

    def at(self, place: str) -> bool:
        """Record that a process is at ``place``; return whether it is killed there."""
        self.passed[-1].append(place)
        self.counts[place] += 1
        if self.done == len(self.plan) or self.plan[self.done] != Point(place, self.counts[place]):
            return False
        self.passed.append([])
        self.counts.clear()
        return True


class Command:
    """Runs ``hub`` with ``arguments`` until it ends with success or ``end`` is called, restarted after each kill."""

    def __init__(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        kills: Kills,
        afterwards: Afterwards,
        crash: Crash,
    ) -> None:
        self._arguments, self._env, self._kills, self._afterwards, self._crash = (
            arguments,
            env,
            kills,
            afterwards,
            crash,
        )
        number = next(_numbers)
        self._log = folder / f"{'-'.join(arguments)}-{number}.log"
        self._socket = str(folder / f"{number}.sock")
        self._process: BaseProcess | None = None
        self._killed = self._ending = False
        self._server: asyncio.Server | None = None

    async def run(self) -> None:
        """Start, and start again after each kill."""
        self._server = await asyncio.start_unix_server(self._listen, self._socket)
        try:
            while not self._ending and await self._once():
                await self._afterwards()
        finally:
            self._server.close()
            if self._process:
                self._process.kill()

    async def end(self) -> None:
        """End the command with SIGTERM."""
        self._ending = True
        if self._process and self._process.is_alive():
            self._process.terminate()

    async def _once(self) -> bool:
        """Run once; return whether it was killed, or ended because of the database, and must be started again."""
        self._killed = False
        given = (tuple(self._arguments), dict(self._env), self._socket, self._log)
        self._process = _context.Process(target=instrumented_hub.run, args=given)
        self._process.start()
        await _ended(self._process)
        code = self._process.exitcode
        may_fail = self._killed or self._kills.crashed or self._ending
        assert may_fail or code == 0, f"{self._arguments} ended with {code}: {self._log.read_text()}"
        return self._killed or (self._kills.crashed and code != 0)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is killed, or ends, hangs up in the middle of a word.
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                if self._kills.at(f"{self._arguments[0]}: {line.decode().strip()}"):
                    self._kills.crashed = await self._crash()
                    if not self._kills.crashed:
                        self._kill()
                        break
                writer.write(b".")
        writer.close()

    def _kill(self) -> None:
        self._killed = True
        assert self._process
        self._process.kill()


Afterwards = Callable[[], Awaitable[None]]
"""What happens in the systems between a kill and the next start."""
Crash = Callable[[], Awaitable[bool]]
"""Crashes something instead of the process; returns whether it did."""


async def _ended(process: BaseProcess) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
