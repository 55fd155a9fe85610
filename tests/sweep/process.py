"""A command of the hub that is started again whenever it is killed, as an init system would."""

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

from tests.sweep import child
from tests.sweep.points import Plan, Point

_numbers = itertools.count()
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.sweep.child"])


@dataclass
class Kills:
    """What was passed, by life: before the first kill, after it, and so on; ``plan`` says where to kill.

    One for all processes of an attempt: whichever is at the point is killed.
    """

    plan: Plan
    passed: list[list[str]] = field(default_factory=lambda: [[]])
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """How many points of the plan were reached."""
        return len(self.passed) - 1

    def at(self, place: str) -> bool:
        """Note that a process is at ``place``; whether it is killed there."""
        self.passed[-1].append(place)
        self.counts[place] += 1
        if self.done == len(self.plan) or self.plan[self.done] != Point(place, self.counts[place]):
            return False
        self.passed.append([])
        self.counts.clear()
        return True


class Command:
    """``hub`` with ``words``; runs until it ends well or ``end`` is called, whatever it is killed by meanwhile."""

    def __init__(
        self, words: Sequence[str], env: Mapping[str, str], folder: Path, kills: Kills, afterwards: Afterwards
    ) -> None:
        self._words, self._env, self._kills, self._afterwards = words, env, kills, afterwards
        number = next(_numbers)
        self._log = folder / f"{'-'.join(words)}-{number}.log"
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
        """Let it end by SIGTERM."""
        self._ending = True
        if self._process and self._process.is_alive():
            self._process.terminate()

    async def _once(self) -> bool:
        """One life; whether it was killed, and so lives again."""
        self._killed = False
        given = (tuple(self._words), dict(self._env), self._socket, self._log)
        self._process = _context.Process(target=child.run, args=given)
        self._process.start()
        await _ended(self._process)
        code = self._process.exitcode
        assert self._killed or self._ending or code == 0, f"{self._words} ended with {code}: {self._log.read_text()}"
        return self._killed

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is killed, or ends, hangs up in the middle of a word.
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                if self._kills.at(f"{self._words[0]}: {line.decode().strip()}"):
                    self._killed = True
                    assert self._process
                    self._process.kill()
                    break
                writer.write(b".")
        writer.close()


Afterwards = Callable[[], Awaitable[None]]
"""What happens to the world between a kill and the next start."""


async def _ended(process: BaseProcess) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
