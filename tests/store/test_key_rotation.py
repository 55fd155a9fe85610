"""Key rotation: data under older keys is encrypted again with the first key during operation; unreadable data stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from hub.auth.signing_keys import SigningKeys, rotate
from hub.contract import SystemDeclaration
from hub.errors import ConfigurationError
from hub.store import key_rotation
from hub.store.database import Cause, Database, record_statements
from hub.store.encryption import FieldCipher
from hub.store.key_rotation import KeyUsage, key_usage, reencrypt_all
from tests.fake_connector import Fake, FakeSettings
from tests.schema.harness import REPORTER, Stage, opened

SECRET = b"s" * 40
OLD, NEW = FieldCipher([b"k" * 32], SECRET), FieldCipher([b"n" * 32], SECRET)
BOTH = FieldCipher([b"n" * 32, b"k" * 32], SECRET)
CAUSE = Cause("keys:reseal", "operator", "test")
HASHES = "select phone_hash, email_hash, nik_hash from reporters order by id"


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """A hub that encrypts with the old key, with three reporters and a signing key."""
    async with opened(database_url) as stage:
        await stage.complaints("RECEIVED", [{}, {}, {}])
        await SigningKeys(stage.database, OLD).signer()
        yield stage


async def stands(stage: Stage, cipher: FieldCipher) -> KeyUsage:
    """Return the keys that are needed."""
    async with stage.database.read() as db:
        return await key_usage(db, cipher)


async def names(stage: Stage, cipher: FieldCipher) -> list[str | None]:
    """Return the decrypted names of the reporters."""
    rows = await stage.rows("select id, sealed from reporters order by id")
    return [cipher.decrypt(sealed, f"reporters:{id_}")["name"] for id_, sealed in rows]


async def test_afterwards_the_first_key_opens_all_and_hashes_match(stage: Stage) -> None:
    hashes = await stage.rows(HASHES)
    signer = await SigningKeys(stage.database, OLD).signer()
    assert await stands(stage, BOTH) == KeyUsage(first=0, older=4, missing=0)
    assert await reencrypt_all(stage.database, CAUSE, BOTH) == 4
    assert await stands(stage, NEW) == KeyUsage(first=4, older=0, missing=0)
    assert await names(stage, NEW) == [REPORTER.name] * 3
    assert await stage.rows(HASHES) == hashes
    assert (await SigningKeys(stage.database, NEW).signer()).kid == signer.kid
    with pytest.raises(ConfigurationError, match="missing in HUB_PII_KEYS"):
        await names(stage, OLD)


async def test_a_second_run_writes_nothing(stage: Stage) -> None:
    await reencrypt_all(stage.database, CAUSE, BOTH)
    with record_statements() as statements:
        assert await reencrypt_all(stage.database, CAUSE, BOTH) == 0
    assert not [each for each in statements if "UPDATE" in each.replace("FOR NO KEY UPDATE", "")]


async def test_many_rows_take_many_transactions(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    await stage.complaints("RECEIVED", [{}, {}])
    assert await reencrypt_all(stage.database, CAUSE, BOTH) == 6
    assert len(await stage.rows("select distinct xmin::text from reporters")) == 3
    assert await names(stage, NEW) == [REPORTER.name] * 5


async def test_two_runs_at_once_and_reporters_that_come_in_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    stage.cipher = BOTH
    first, second, _ = await asyncio.gather(
        reencrypt_all(stage.database, CAUSE, BOTH),
        reencrypt_all(stage.database, CAUSE, BOTH),
        stage.complaints("RECEIVED", [{}] * 5),
    )
    assert first + second == 4
    assert await stands(stage, BOTH) == KeyUsage(first=9, older=0, missing=0)
    assert await names(stage, NEW) == [REPORTER.name] * 8


async def test_unreadable_values_stay_and_block_no_others(stage: Stage) -> None:
    lost = FieldCipher([b"x" * 32], SECRET).encrypt({"name": "Siapa"}, "reporters:1")
    await stage.run("update reporters set sealed = :lost where id = 1", lost=lost)
    await stage.run("update reporters set sealed = sealed || '\\x00' where id = 2")
    assert await reencrypt_all(stage.database, CAUSE, BOTH) == 2
    assert await stands(stage, BOTH) == KeyUsage(first=2, older=1, missing=1)
    assert [sealed for (sealed,) in await stage.rows("select sealed from reporters where id = 1")] == [lost]


async def test_a_signing_key_that_is_gone_needs_no_key(stage: Stage) -> None:
    await rotate(stage.database, NEW, leaked=True)
    assert await reencrypt_all(stage.database, CAUSE, BOTH) == 3
    assert await stands(stage, NEW) == KeyUsage(first=4, older=0, missing=0)


async def test_every_sealed_column_is_among_them(database_url: str) -> None:
    database = Database(database_url)
    async with database.read() as db:
        found = await db.execute(text("select table_name from information_schema.columns where column_name = 'sealed'"))
        assert {name for (name,) in found} == {kept.id.table.name for kept in key_rotation._ENCRYPTED_COLUMNS}
    await database.close()
