"""What older keys sealed is sealed anew with the first, while others work, and what cannot be stays as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from hub.auth.keys import Keys, rotate
from hub.errors import Stop
from hub.store import resealing
from hub.store.database import Cause, Database, counted
from hub.store.resealing import Standing, reseal, standing
from hub.store.sealing import Seal
from tests.schema.stage import REPORTER, Stage, staged

SECRET = b"s" * 40
OLD, NEW = Seal([b"k" * 32], SECRET), Seal([b"n" * 32], SECRET)
BOTH = Seal([b"n" * 32, b"k" * 32], SECRET)
CAUSE = Cause("keys:reseal", "operator", "test")
HASHES = "select phone_hash, email_hash, nik_hash from reporters order by id"


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub that seals with the old key, with three reporters and a key that signs."""
    async with staged(database_url) as stage:
        await stage.complaints("RECEIVED", [{}, {}, {}])
        await Keys(stage.database, OLD).signer()
        yield stage


async def stands(stage: Stage, seal: Seal) -> Standing:
    """Which keys are needed."""
    async with stage.database.read() as db:
        return await standing(db, seal)


async def names(stage: Stage, seal: Seal) -> list[str | None]:
    """The reporters' names, each opened where it lies."""
    rows = await stage.rows("select id, sealed from reporters order by id")
    return [seal.open(sealed, f"reporters:{id_}")["name"] for id_, sealed in rows]


async def test_afterwards_the_first_key_opens_all_and_hashes_find_what_they_found(stage: Stage) -> None:
    hashes = await stage.rows(HASHES)
    signer = await Keys(stage.database, OLD).signer()
    assert await stands(stage, BOTH) == Standing(first=0, older=4, lacking=0)
    assert await reseal(stage.database, CAUSE, BOTH) == 4
    assert await stands(stage, NEW) == Standing(first=4, older=0, lacking=0)
    assert await names(stage, NEW) == [REPORTER.name] * 3
    assert await stage.rows(HASHES) == hashes
    assert (await Keys(stage.database, NEW).signer()).kid == signer.kid
    with pytest.raises(Stop, match="HUB_PII_KEYS no longer holds"):
        await names(stage, OLD)


async def test_a_second_run_writes_nothing(stage: Stage) -> None:
    await reseal(stage.database, CAUSE, BOTH)
    with counted() as statements:
        assert await reseal(stage.database, CAUSE, BOTH) == 0
    assert not [each for each in statements if "UPDATE" in each.replace("FOR NO KEY UPDATE", "")]


async def test_many_rows_take_many_transactions(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    await stage.complaints("RECEIVED", [{}, {}])
    assert await reseal(stage.database, CAUSE, BOTH) == 6
    assert len(await stage.rows("select distinct xmin::text from reporters")) == 3
    assert await names(stage, NEW) == [REPORTER.name] * 5


async def test_two_runs_at_once_and_reporters_that_come_in_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    stage.seal = BOTH
    first, second, _ = await asyncio.gather(
        reseal(stage.database, CAUSE, BOTH), reseal(stage.database, CAUSE, BOTH), stage.complaints("RECEIVED", [{}] * 5)
    )
    assert first + second == 4
    assert await stands(stage, BOTH) == Standing(first=9, older=0, lacking=0)
    assert await names(stage, NEW) == [REPORTER.name] * 8


async def test_what_was_tampered_with_or_lacks_its_key_stays_and_keeps_nobody_from_the_rest(stage: Stage) -> None:
    lost = Seal([b"x" * 32], SECRET).seal({"name": "Siapa"}, "reporters:1")
    await stage.run("update reporters set sealed = :lost where id = 1", lost=lost)
    await stage.run("update reporters set sealed = sealed || '\\x00' where id = 2")
    assert await reseal(stage.database, CAUSE, BOTH) == 2
    assert await stands(stage, BOTH) == Standing(first=2, older=1, lacking=1)
    assert [sealed for (sealed,) in await stage.rows("select sealed from reporters where id = 1")] == [lost]


async def test_a_signing_key_that_is_gone_needs_no_key(stage: Stage) -> None:
    await rotate(stage.database, NEW, leaked=True)
    assert await reseal(stage.database, CAUSE, BOTH) == 3
    assert await stands(stage, NEW) == Standing(first=4, older=0, lacking=0)


async def test_every_sealed_column_is_among_them(database_url: str) -> None:
    database = Database(database_url)
    async with database.read() as db:
        found = await db.execute(text("select table_name from information_schema.columns where column_name = 'sealed'"))
        assert {name for (name,) in found} == {kept.id.table.name for kept in resealing._KEPT}
    await database.close()
