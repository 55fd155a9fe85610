"""The feed has each committed change once and in order, with concurrent writers, sequencers and readers."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import DATABASE_ERRORS, Database
from hub.sync import sequencer
from tests.fake_connector import payment
from tests.schema.harness import CAUSE, Stage
from tests.sync.feed_reader import Reader
from tests.waits import hanging

SEQUENCER = """
import asyncio, sys
from hub.store.database import Database
from hub.sync import sequencer
asyncio.run(sequencer.run(Database(sys.argv[1], pool_size=1), 0.005))
"""
ACTS, READ = 120, 30
"""Minimum number of acts of the writers, and of changes that the reader gets meanwhile."""
TOUCH = "update complaints set due_at = clock_timestamp() where ticket = :ticket"


@dataclass
class Writers:
    """Clients that change few complaints and records in short and long transactions, some of which are rolled back."""

    stage: Stage
    database: Database
    tickets: list[str]
    dice: random.Random
    longest: float
    versions: int = 0
    acts: int = 0

    async def one(self, enough: Callable[[int], bool]) -> None:
        """Write until the number of all acts is ``enough``."""
        ways = (self.short, self.long, self.early, self.undone, self.in_part, self.records)
        while not enough(self.acts):
            # A transaction that is aborted by a deadlock has written nothing.
            with suppress(*DATABASE_ERRORS):
                await self.dice.choice(ways)()
            self.acts += 1

    async def short(self) -> None:
        async with self.database.write(CAUSE) as db:
            await self.touch(db, *self.some(1))

    async def long(self) -> None:
        first, *others = self.some(3)
        async with self.database.write(CAUSE) as db:
            await self.touch(db, first)
            await self.pause()
            await self.touch(db, *others)

    async def early(self) -> None:
        """Get a transaction number before others that write earlier."""
        async with self.database.write(CAUSE) as db:
            await db.execute(text("select pg_current_xact_id()"))
            await self.pause()
            await self.touch(db, *self.some(2))

    async def undone(self) -> None:
        async with self.database.write(CAUSE) as db:
            await self.touch(db, *self.some(2))
            await self.pause()
            await db.rollback()

    async def in_part(self) -> None:
        first, second, third = self.some(3)
        async with self.database.write(CAUSE) as db:
            await self.touch(db, first)
            async with db.begin_nested() as lost:
                await self.touch(db, second)
                await lost.rollback()
            async with db.begin_nested():
                await self.touch(db, first, third)

    async def records(self) -> None:
        """Store a batch of records, as a pull does."""
        self.versions += 1
        numbers = self.dice.sample(range(10), 4)
        await self.stage.records(
            *(payment(f"P{number}", version=self.versions, amount=str(self.versions)) for number in numbers)
        )

    def some(self, count: int) -> list[str]:
        """Return tickets in order, so that writers seldom deadlock."""
        return sorted(self.dice.sample(self.tickets, count))

    async def touch(self, db: AsyncConnection, *tickets: str) -> None:
        for ticket in tickets:
            await db.execute(text(TOUCH), {"ticket": ticket})

    async def pause(self) -> None:
        await asyncio.sleep(self.dice.random() * self.longest)


@asynccontextmanager
async def repeating(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Repeat ``work`` until the block ends."""

    async def again() -> None:
        while True:
            await work()
            await asyncio.sleep(0.005)

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def wrote(stage: Stage, database: Database, enough: Callable[[int], bool], writers: int, seed: int) -> None:
    """Run ``writers`` until the number of their acts is ``enough``."""
    dice = random.Random(seed)
    tickets = await stage.complaints("RECEIVED", [{}] * 12)
    at_work = Writers(stage, database, tickets, dice, longest=0.2)
    await asyncio.gather(*(at_work.one(enough) for _ in range(writers)))


async def settled(stage: Stage, reader: Reader) -> None:
    """Sequence and read the remaining changes, then check all."""
    while (await stage.rows("select (select count(*) from changes) - (select count(*) from feed)"))[0][0]:
        await sequencer.assign_all(stage.database)
    await reader.rest()
    await reader.check(stage)


@pytest.mark.whole
async def test_many_writers_two_sequencers_and_a_reader(stage: Stage) -> None:
    database_url = stage.database.url
    named = make_url(database_url).update_query_dict({"application_name": "sequencer"})
    sequencing = Database(named.render_as_string(hide_password=False))
    writing, reading = Database(database_url), Database(database_url)
    reader = Reader(reading)

    pauses = (0.1 * 1.1**number for number in count())

    async def cut() -> None:
        """Terminate the sequencers' connections at random, less often on a slow machine."""
        await asyncio.sleep(next(pauses))
        await stage.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sequencer'")

    async def sequence() -> None:
        with suppress(*DATABASE_ERRORS):
            await sequencer.assign_all(sequencing)

    try:
        async with repeating(sequence), repeating(sequence), repeating(cut), repeating(reader.page), hanging():
            await wrote(stage, writing, lambda acts: acts >= ACTS and len(reader.read) >= READ, 8, seed=1)
        await settled(stage, reader)
    finally:
        for database in (writing, sequencing, reading):
            await database.close()


@contextmanager
def started(database_url: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start two sequencer processes."""
    processes = [subprocess.Popen([sys.executable, "-c", SEQUENCER, database_url]) for _ in range(2)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.whole
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(3))
async def test_sequencers_are_killed_again_and_again(stage: Stage, seed: int) -> None:
    database_url = stage.database.url
    dice = random.Random(seed)
    writing, reading = Database(database_url, pool_size=24), Database(database_url)
    reader, kills = Reader(reading, dice), 0

    async def kill() -> None:
        nonlocal kills
        which = dice.randrange(2)
        processes[which].kill()
        await asyncio.to_thread(processes[which].wait)
        processes[which] = subprocess.Popen([sys.executable, "-c", SEQUENCER, database_url])
        kills += 1
        await asyncio.sleep(3 + dice.random())

    try:
        with started(database_url) as processes:
            async with repeating(kill), repeating(reader.page):
                end = time.monotonic() + 25
                await wrote(stage, writing, lambda _: time.monotonic() >= end, 24, seed)
        during = len(reader.read)
        await settled(stage, reader)
    finally:
        await writing.close()
        await reading.close()
    assert kills >= 5
    assert during > 200
