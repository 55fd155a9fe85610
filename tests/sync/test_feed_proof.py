"""Each committed change is told exactly once and in order, whatever writers, sequencers and readers do at once."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import Database
from hub.sync import sequencer
from tests.fake import payment
from tests.schema.stage import CAUSE, Stage
from tests.sync.reader import Reader

SEQUENCER = """
import asyncio, sys
from hub.store.database import Database
from hub.sync import sequencer
asyncio.run(sequencer.run(Database(sys.argv[1], pool_size=1), 0.005))
"""
TOUCH = "update complaints set due_at = clock_timestamp() where ticket = :ticket"


@dataclass
class Writers:
    """What many clients do to few complaints and records: short and long, undone in part or whole, late and early."""

    stage: Stage
    database: Database
    tickets: list[str]
    dice: random.Random
    longest: float
    versions: int = 0

    async def one(self, until: float) -> None:
        """One writer, until the time is over."""
        ways = (self.short, self.long, self.early, self.undone, self.in_part, self.records)
        while time.monotonic() < until:
            # Whoever is ended because several wait for each other has written nothing.
            with suppress(DBAPIError):
                await self.dice.choice(ways)()

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
        """Its number is lower than those of transactions that write before it."""
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
        """A batch of records, as a pull brings them."""
        self.versions += 1
        numbers = self.dice.sample(range(10), 4)
        await self.stage.records(
            *(payment(f"P{number}", version=self.versions, amount=str(self.versions)) for number in numbers)
        )

    def some(self, count: int) -> list[str]:
        """Tickets in their order, so that writers seldom wait for each other in a circle."""
        return sorted(self.dice.sample(self.tickets, count))

    async def touch(self, db: AsyncConnection, *tickets: str) -> None:
        for ticket in tickets:
            await db.execute(text(TOUCH), {"ticket": ticket})

    async def pause(self) -> None:
        await asyncio.sleep(self.dice.random() * self.longest)


@asynccontextmanager
async def going(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """``work`` again and again, until the block ends."""

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


async def wrote(stage: Stage, database: Database, seconds: float, writers: int, seed: int) -> None:
    """Let ``writers`` write for so long."""
    dice = random.Random(seed)
    tickets = await stage.complaints("RECEIVED", [{}] * 12)
    at_work = Writers(stage, database, tickets, dice, longest=0.2)
    until = time.monotonic() + seconds
    await asyncio.gather(*(at_work.one(until) for _ in range(writers)))


async def settled(stage: Stage, reader: Reader) -> None:
    """Sequence and read what is left, and check it all."""
    while (await stage.rows("select (select count(*) from changes) - (select count(*) from feed)"))[0][0]:
        await sequencer.sequence(stage.database)
    await reader.rest()
    await reader.check(stage)


async def test_many_writers_two_sequencers_and_a_reader(stage: Stage, database_url: str) -> None:
    named = make_url(database_url).update_query_dict({"application_name": "sequencer"})
    sequencing = Database(named.render_as_string(hide_password=False))
    writing, reading = Database(database_url), Database(database_url)
    reader = Reader(reading)

    async def cut() -> None:
        """End the sequencers' connections in the middle of what they do."""
        await asyncio.sleep(0.1)
        await stage.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sequencer'")

    async def sequence() -> None:
        with suppress(DBAPIError):
            await sequencer.sequence(sequencing)

    try:
        async with going(sequence), going(sequence), going(cut), going(reader.page):
            await wrote(stage, writing, 2.5, 8, seed=1)
        during = len(reader.told)
        await settled(stage, reader)
    finally:
        for database in (writing, sequencing, reading):
            await database.close()
    assert during


@contextmanager
def started(database_url: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two sequencers that are processes of their own."""
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
async def test_sequencers_are_killed_again_and_again(stage: Stage, database_url: str, seed: int) -> None:
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
            async with going(kill), going(reader.page):
                await wrote(stage, writing, 25, 24, seed)
        during = len(reader.told)
        await settled(stage, reader)
    finally:
        await writing.close()
        await reading.close()
    assert kills >= 5
    assert during > 200
