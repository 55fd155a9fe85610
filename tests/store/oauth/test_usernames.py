"""Usernames have one spelling; a migration normalises the existing ones."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from hub.store import schema_version
from hub.store.database import driver_url
from hub.store.oauth.usernames import is_well_formed, normalize


@pytest.mark.parametrize("typed", ["siti", " SITI\t", "\uff33\uff29\uff34\uff29", "S\u2170ti"])
def test_one_spelling(typed: str) -> None:
    assert normalize(typed) == "siti"


@pytest.mark.parametrize("name", ["siti", "s", "siti.2", "siti@dinas.go.id", "a" * 64, "198701012010"])
def test_valid_usernames_are_accepted(name: str) -> None:
    assert is_well_formed(normalize(name))


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "u_siti", "U_1", ".siti", "siti.", "si ti", "siti\n2", "a" * 65),
        *("s\u0456ti", "sit\u00ec", "siti\u200b", "\U0001f68c"),
    ],
)
def test_a_name_that_may_not(name: str) -> None:
    assert not is_well_formed(normalize(name))


def test_a_long_text_is_not_normalised_whole() -> None:
    assert len(normalize("a\u0300\u0316" * 100_000)) <= 200


def _upgrade(url: str, revision: str) -> None:
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        config = schema_version.config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


async def test_a_migration_normalises_usernames_and_loses_none(empty_database_url: str) -> None:
    await asyncio.to_thread(_upgrade, empty_database_url, "0012")
    names = ["Siti", "siti", "SITI", "siti-2", "Budi ", None, "ani"]
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        for number, name in enumerate(names):
            await connection.execute(
                "insert into users (id, username, kind, created_at)"
                " values (%s, %s, 'OFFICER', now() + %s * interval '1 s')",
                [f"u_{number}", name, number],
            )
        await asyncio.to_thread(_upgrade, empty_database_url, "head")
        found = await (await connection.execute("select username from users order by id")).fetchall()
        events = await (await connection.execute("select subject from audit_events order by id")).fetchall()
    assert [name for (name,) in found] == ["siti", "siti-2", "siti-3", "siti-2-2", "budi", None, "ani"]
    assert [subject for (subject,) in events] == ["user:u_0", "user:u_1", "user:u_2", "user:u_3", "user:u_4"]
