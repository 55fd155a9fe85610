"""The clients of docs/examples: killed repeatedly while records change, their copy equals a fresh one."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.store.feed import sequence
from tests.api.graph_app import early_in_the_hour as early_in_the_hour
from tests.api.test_snapshots import Place, placed, registered_systems
from tests.auth.harness import CAUSE
from tests.clients import needs_node
from tests.fake_connector import payment
from tests.sync import isolated_sequencer

__all__ = ["registered_systems"]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CLIENTS = [
    pytest.param((sys.executable, "mirror.py"), id="python", marks=pytest.mark.whole),
    pytest.param(("node", "mirror.mjs"), id="javascript", marks=[pytest.mark.outside, needs_node]),
]
RECORDS, ACTS, KILLS = 30, 40, 4
GO_OR_RETURN = "update records set gone_at = case when gone_at is null then now() end where external_id = :name"
HIDE_OR_SHOW = "update records set secret = not secret, digest = :digest where external_id = :name"


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    async with placed(database_url) as place:
        yield place


class Writer:
    """Changes records at random: new facts, gone and back, secret and not."""

    def __init__(self, place: Place, dice: random.Random) -> None:
        self._place, self._dice, self._version = place, dice, 0

    async def write(self, acts: int) -> None:
        """Make that many changes, and assign their positions."""
        for _ in range(acts):
            await self._act(f"P{self._dice.randrange(RECORDS)}")
            await isolated_sequencer.sequence(self._place.stage.database)

    async def _act(self, name: str) -> None:
        self._version += 1
        match self._dice.randrange(4):
            case 0:
                await self._place.stage.run(GO_OR_RETURN, name=name)
            case 1:
                await self._place.stage.run(HIDE_OR_SHOW, name=name, digest=str(self._version).encode())
            case _:
                await self._place.records(payment(name, version=self._version, amount=str(self._version)))


async def started(place: Place, client: tuple[str, str], file: Path) -> asyncio.subprocess.Process:
    program, script = client
    env = {"PATH": os.environ["PATH"], "HUB_TOKEN": place.tokens["central"], "NO_PROXY": "*"}
    arguments = str(EXAMPLES / script), place.url, "fake", str(file)
    return await asyncio.create_subprocess_exec(program, *arguments, env=env, stdout=PIPE, stderr=PIPE)


async def caught_up(place: Place, client: tuple[str, str], file: Path) -> dict[str, Any]:
    """Return the copy in ``file`` after a run without interruption."""
    process = await started(place, client, file)
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return mirrored(file)


async def killed(place: Place, client: tuple[str, str], file: Path, dice: random.Random) -> None:
    for _ in range(KILLS):
        process = await started(place, client, file)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), dice.random())
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def mirrored(file: Path) -> dict[str, Any]:
    """Return the content of a copy of either client."""
    if file.read_bytes().startswith(b"{"):
        rows: dict[str, Any] = json.loads(file.read_text())["rows"]
        return rows
    with closing(sqlite3.connect(file)) as db:
        return {f"{kind} {subject}": json.loads(facts) for kind, subject, facts in db.execute("select * from rows")}


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_copy_by_a_killed_client_equals_a_fresh_one(
    place: Place, client: tuple[str, str], tmp_path: Path
) -> None:
    dice, file = random.Random(1), tmp_path / "followed"
    writer = Writer(place, dice)
    await place.records(*(payment(f"P{n}", version=0) for n in range(RECORDS)))
    assert len(await caught_up(place, client, file)) == RECORDS
    await asyncio.gather(writer.write(ACTS), killed(place, client, file, dice))
    followed = await caught_up(place, client, file)
    assert followed == await caught_up(place, client, tmp_path / "fresh")
    assert 0 < len(followed) < RECORDS
    # What is no longer kept is made up for by a snapshot.
    await writer.write(3)
    async with place.stage.database.write(CAUSE) as db:
        assert await sequence.expire(db, timedelta(0))
    await writer.write(3)
    assert await caught_up(place, client, file) == await caught_up(place, client, tmp_path / "fresher")
